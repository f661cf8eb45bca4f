package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

// stopGrace is how long a suite may take to stop what it has started when it is interrupted.
const stopGrace = time.Minute

// suite is the tests of one package.
type suite struct {
	name string
	// ginkgo: its cases are Ginkgo's.
	ginkgo bool
	output *output

	mu           sync.Mutex
	began, ended time.Time
	err          error
}

// list finds the packages with tests, those that several processes share first.
func list(ctx context.Context, o options) ([]*suite, error) {
	command := exec.CommandContext(ctx, "go", "list", "-json=Dir,TestGoFiles,XTestGoFiles,TestImports,XTestImports", "./...")
	command.Dir, command.Stderr = o.dir, os.Stderr
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	var suites []*suite
	for packages := json.NewDecoder(out); ; {
		var p struct {
			Dir                                                  string
			TestGoFiles, XTestGoFiles, TestImports, XTestImports []string
		}
		if err := packages.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, errors.Join(err, command.Wait())
		}
		if len(p.TestGoFiles)+len(p.XTestGoFiles) == 0 {
			continue
		}
		name := filepath.Base(p.Dir)
		imports := slices.Concat(p.TestImports, p.XTestImports)
		suites = append(suites, &suite{
			name: name, ginkgo: slices.Contains(imports, "github.com/onsi/ginkgo/v2"), output: &output{suite: name, to: os.Stdout},
		})
	}
	rank := func(s *suite) int {
		if i := slices.Index(o.processes.order, s.name); i >= 0 {
			return i
		}
		return len(o.processes.order)
	}
	slices.SortStableFunc(suites, func(a, b *suite) int { return rank(a) - rank(b) })
	return suites, command.Wait()
}

// command is how the suite is run, from its folder's parent.
func (s *suite) command(ctx context.Context, o options) (*exec.Cmd, error) {
	folder := "./" + s.name
	if !s.ginkgo {
		args := []string{"test", "-count=1", "-timeout", o.timeout.String(), folder}
		if o.verbose {
			args = slices.Insert(args, 1, "-v")
		}
		return exec.CommandContext(ctx, "go", args...), nil
	}
	program, err := filepath.Abs(o.ginkgo) // the command runs in another folder
	if err != nil {
		return nil, err
	}
	args := []string{"--no-color", "--timeout", o.timeout.String(), "--procs", strconv.Itoa(max(1, o.processes.number[s.name])), folder}
	if o.verbose {
		args = slices.Insert(args, 0, "-v")
	}
	return exec.CommandContext(ctx, program, args...), nil
}

// run runs the suite to its end.
func (s *suite) run(ctx context.Context, o options) {
	if ctx.Err() != nil {
		s.end(ctx.Err())
		return
	}
	s.mu.Lock()
	s.began = time.Now()
	s.mu.Unlock()
	fmt.Printf("suites: %s begins\n", s.name)
	command, err := s.command(ctx, o)
	if err != nil {
		s.end(err)
		return
	}
	command.Dir, command.Stdout, command.Stderr = o.dir, s.output, s.output
	// Its process group gets one signal, and time: Ginkgo gives up cleaning at the second.
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGINT) }
	command.WaitDelay = stopGrace
	err = testbed.Start(command)
	if err == nil {
		err = command.Wait()
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL) // what did not end with it
	}
	s.output.flush()
	s.end(err)
	fmt.Println("suites: " + s.String())
}

func (s *suite) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended, s.err = time.Now(), err
}

// String is what became of the suite.
func (s *suite) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.began.IsZero():
		return s.name + " was not run"
	case s.err != nil:
		return fmt.Sprintf("%s FAILED after %s: %v", s.name, s.ended.Sub(s.began).Round(time.Second), s.err)
	}
	return fmt.Sprintf("%s passed in %s", s.name, s.ended.Sub(s.began).Round(time.Second))
}

// state is what becomes of a suite.
type state int

const (
	waits state = iota
	runs
	ended
)

// progress is how far the suite is.
func (s *suite) progress() (string, state) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.ended.IsZero():
		return "", ended
	case s.began.IsZero():
		return "", waits
	}
	return s.output.progress(), runs
}
