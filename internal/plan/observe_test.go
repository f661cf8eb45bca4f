package plan

import (
	"testing"

	. "github.com/onsi/gomega"
)

func TestAnObserverRemembersThatTheServiceIsAnotherOne(t *testing.T) {
	g := NewWithT(t)
	step := Next(stateOf(wish{Enabled: true, Observe: true}, past{Origin: Created, CreatedTarget: "iqn.x"}, sight{Presence: Present, Enabled: true, Target: "iqn.y"}))
	g.Expect(step).To(Equal(Step{Do: Bind, Origin: Adopted}), "as one that is paused or denied does")
}
