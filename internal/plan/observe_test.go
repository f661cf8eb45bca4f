package plan

import (
	"testing"

	. "github.com/onsi/gomega"
)

func TestAnObserverRemembersThatTheServiceIsAnotherOne(t *testing.T) {
	g := NewWithT(t)
	step := Next(Wanted{Enabled: true, Observe: true}, Remembered{Origin: Created, CreatedTarget: "iqn.x"}, Observed{Presence: Present, Enabled: true, Target: "iqn.y"})
	g.Expect(step).To(Equal(Step{Do: Own, Origin: Adopted}), "as one that is paused or denied does")
}
