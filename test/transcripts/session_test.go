package transcripts

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// session is a shell that commands are given to one after the other: its variables and background jobs last.
type session struct {
	dir   string
	stdin io.WriteCloser
	count int

	mu     sync.Mutex
	output bytes.Buffer
	ended  chan struct{}
}

// newSession starts a shell in a directory that has what a checkout has, for as long as the case runs. setup is typed in
// first.
func newSession(repo, setup string) *session {
	GinkgoHelper()
	dir, err := os.MkdirTemp("", "transcript-")
	Expect(err).NotTo(HaveOccurred())
	for _, name := range []string{"bin", "config", "dist"} {
		Expect(os.Symlink(filepath.Join(repo, name), filepath.Join(dir, name))).To(Succeed())
	}
	// The programs that the pages use and that a machine need not have.
	own := filepath.Join(dir, ".programs")
	Expect(os.Mkdir(own, 0o700)).To(Succeed())
	self, err := os.Executable()
	Expect(err).NotTo(HaveOccurred())
	for name := range programs {
		Expect(os.Symlink(self, filepath.Join(own, name))).To(Succeed())
	}

	s := &session{dir: dir, ended: make(chan struct{})}
	shell := exec.Command("bash", "--noprofile", "--norc")
	shell.Dir = dir
	shell.Env = append(os.Environ(), "HOME="+dir, "KUBECACHEDIR="+filepath.Join(dir, ".kubectl"), "KUBERC=off")
	shell.Stdout, shell.Stderr = s, s
	s.stdin, err = shell.StdinPipe()
	Expect(err).NotTo(HaveOccurred())
	Expect(shell.Start()).To(Succeed())
	go func() {
		defer close(s.ended)
		_ = shell.Wait()
	}()
	DeferCleanup(func() {
		Expect(s.stdin.Close()).To(Succeed())
		Eventually(s.ended).Should(BeClosed(), "the shell and its jobs")
		Expect(os.RemoveAll(dir)).To(Succeed())
	})
	// The shell ends with its input, and therefore with whoever gives it commands, and takes its jobs with it.
	_, err = fmt.Fprintf(s.stdin, "trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT\n%s\nexport PATH=%s:$PATH\n", setup, own)
	Expect(err).NotTo(HaveOccurred())
	return s
}

// Write takes what the shell and its programs print.
func (s *session) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.output.Write(p)
}

func (s *session) printed() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.output.String()
}

// run gives the shell a command, and returns what it has printed when it ends, and its exit code.
func (s *session) run(ctx context.Context, command string) (output, code string) {
	GinkgoHelper()
	s.count++
	script := filepath.Join(s.dir, fmt.Sprintf(".command-%d", s.count))
	Expect(os.WriteFile(script, []byte(command+"\n"), 0o600)).To(Succeed())
	s.mu.Lock()
	s.output.Reset()
	s.mu.Unlock()
	mark := fmt.Sprintf("-- end of command %d: ", s.count)
	_, err := fmt.Fprintf(s.stdin, ". %s </dev/null; printf '\\n%s%%s.\\n' $?\n", script, mark)
	Expect(err).NotTo(HaveOccurred())
	Eventually(ctx, s.printed).WithTimeout(2*time.Minute).Should(MatchRegexp(mark+`\d+\.`), "%s", command)
	output, code, _ = strings.Cut(s.printed(), "\n"+mark)
	code, _, _ = strings.Cut(code, ".")
	return strings.TrimRight(output, "\n"), code
}

// jobsOutput is what the jobs of the last command, which has ended, have printed meanwhile.
func (s *session) jobsOutput() string {
	before, after, _ := strings.Cut(s.printed(), "\n-- end of command")
	_, after, _ = strings.Cut(after, ".\n")
	return strings.TrimSpace(before + "\n" + after)
}
