package testbed_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

// The test binary plays the process that owns a Bed when this is set.
const ownerRole = "TESTBED_OWNER"

func TestMain(m *testing.M) {
	if os.Getenv(ownerRole) == "" {
		os.Exit(m.Run())
	}
	bed, err := testbed.New()
	if err != nil {
		panic(err)
	}
	array, err := bed.StartSimulator(context.Background(), "cluster: {name: orphan}")
	if err != nil {
		panic(err)
	}
	fmt.Println(array.PID())
	select {}
}

func TestProgramsDoNotOutliveAKilledOwner(t *testing.T) {
	g := NewWithT(t)
	self, err := os.Executable()
	g.Expect(err).NotTo(HaveOccurred())
	owner := exec.Command(self)
	owner.Env = append(os.Environ(), ownerRole+"=1", "TMPDIR="+t.TempDir())
	stdout, err := owner.StdoutPipe()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(owner.Start()).To(Succeed())
	pid, err := bufio.NewReader(stdout).ReadString('\n')
	g.Expect(err).NotTo(HaveOccurred())
	pid = strings.TrimSpace(pid)
	g.Expect(state(pid)).To(BeElementOf("R", "S"))

	g.Expect(owner.Process.Kill()).To(Succeed())
	_ = owner.Wait()

	g.Eventually(func() string { return state(pid) }).WithTimeout(10 * time.Second).Should(BeElementOf("", "Z", "X"))
}

// state is the state of a process as /proc has it, "" if there is no such process.
func state(pid string) string {
	stat, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
	if err != nil {
		return ""
	}
	_, fields, _ := strings.Cut(string(stat), ") ")
	return fields[:1]
}
