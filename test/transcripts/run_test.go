package transcripts

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/util/wait"
)

// looks are the commands that change nothing, and show what becomes of the others.
var looks = regexp.MustCompile(`^kubectl .*\b(get|describe|events)\b[^|>;]*$`)

// run gives the commands of a page to a session, and compares what they print with what the page shows. With -update it
// puts what differs into the page.
func (p *page) run(ctx SpecContext, s *session) {
	GinkgoHelper()
	for name, text := range p.files {
		Expect(os.WriteFile(filepath.Join(s.dir, name), []byte(p.real.Replace(text)), 0o600)).To(Succeed())
	}
	for i := range p.steps {
		if p.between != nil && i > 0 && p.steps[i].section != p.steps[i-1].section {
			p.between(s, p.steps[i].section)
		}
		p.steps[i].run(ctx, s, p)
	}
	if *update {
		p.rewrite()
	}
}

func (t *step) run(ctx SpecContext, s *session, p *page) {
	GinkgoHelper()
	command, shown := p.real.Replace(t.command), p.real.Replace(t.output)
	By(command)
	output, code := s.run(ctx, command)
	if shown == "" {
		Expect(code).To(Equal("0"), "%s:%d: %s\n%s", p.path, t.first, command, output)
		return
	}
	same := func() bool { return p.canonical(output) == p.canonical(shown) }
	if again := repeatable(ctx, s, command); again != nil && !same() {
		// If it never comes to show what the page says, the last output tells.
		_ = wait.PollUntilContextTimeout(ctx, 200*time.Millisecond, patience(), true, func(context.Context) (bool, error) {
			output = again()
			return same(), nil
		})
	}
	switch {
	case !*update:
		Expect(p.canonical(output)).To(Equal(p.canonical(shown)), "%s:%d: %s\n%s", p.path, t.first, command, output)
	case !same():
		t.printed = p.paper.Replace(output)
	}
}

// repeatable is how to see what a command has to show a little later, or nil if that is not to be expected of it.
func repeatable(ctx SpecContext, s *session, command string) func() string {
	switch {
	case strings.HasSuffix(command, "&"):
		return s.jobsOutput
	case looks.MatchString(command):
		return func() string { output, _ := s.run(ctx, command); return output }
	}
	return nil
}

// patience is how long to wait for what a page shows; with -update it may never come.
func patience() time.Duration {
	if *update {
		return 8 * time.Second
	}
	return 30 * time.Second
}
