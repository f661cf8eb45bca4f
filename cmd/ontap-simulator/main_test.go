package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func TestItSaysWhenItIsReadyAndStopsWhenTold(t *testing.T) {
	g := NewWithT(t)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	out, in := io.Pipe()
	command := newCommand()
	command.SetArgs([]string{"--ca-out", ca})
	command.SetOut(in)
	ended := make(chan error, 1)
	go func() { ended <- command.ExecuteContext(ctx) }()

	line := make([]byte, 200)
	n, err := out.Read(line)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(line[:n])).To(MatchRegexp(`^ready api=https://127\.0\.0\.1:\d+ control=http://127\.0\.0\.1:\d+\n$`))
	g.Expect(os.ReadFile(ca)).To(ContainSubstring("BEGIN CERTIFICATE"))
	stop()
	g.Eventually(ended, "30s").Should(Receive(BeNil()))
}

func TestItSaysWhatIsWrongWithAScenario(t *testing.T) {
	g := NewWithT(t)
	scenario := filepath.Join(t.TempDir(), "scenario.yaml")
	g.Expect(os.WriteFile(scenario, []byte("svms: [{nmae: a}]"), 0o600)).To(Succeed())
	command := newCommand()
	command.SetArgs([]string{"--scenario", scenario})
	command.SetErr(io.Discard)
	g.Expect(command.ExecuteContext(t.Context())).To(MatchError(ContainSubstring(`unknown field "nmae"`)))
}

func TestHelpShowsAScenarioAndEveryFlag(t *testing.T) {
	g := NewWithT(t)
	var help bytes.Buffer
	command := newCommand()
	command.SetArgs([]string{"--help"})
	command.SetOut(&help)
	g.Expect(command.Execute()).To(Succeed())
	for _, part := range []string{"--scenario", "--listen", "--control", "--ca-out", "cluster: {name: array1", "ready api="} {
		g.Expect(help.String()).To(MatchRegexp(regexp.QuoteMeta(part)))
	}
}
