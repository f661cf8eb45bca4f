package testbed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// stopGrace is how long a program may take to end after SIGTERM.
const stopGrace = 20 * time.Second

// Process is a program that runs, or ran, as a child with a process group of its own: a Ctrl-C at the terminal does
// not reach it.
type Process struct {
	// LogPath is the file that has its standard output and error.
	LogPath string

	name string
	cmd  *exec.Cmd
	done chan struct{}
	err  error // how it ended; read it once done is closed
}

func startProcess(name, logPath, path string, args ...string) (*Process, error) {
	log, err := os.Create(logPath)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()

	p := &Process{LogPath: logPath, name: name, done: make(chan struct{})}
	p.cmd = exec.Command(path, args...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := Start(p.cmd); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// Start starts a command in a process group of its own. On Linux it is killed when this process ends; it is therefore
// started from one thread that lives as long as this process, for Linux goes by the thread.
func Start(cmd *exec.Cmd) error {
	cmd.SysProcAttr = childAttributes()
	launcher := startLauncher()
	result := make(chan error)
	launcher <- func() { result <- cmd.Start() }
	return <-result
}

var startLauncher = sync.OnceValue(func() chan<- func() {
	starts := make(chan func())
	go func() {
		runtime.LockOSThread()
		for start := range starts {
			start()
		}
	}()
	return starts
})

// PID is the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Exited is closed once the program has ended.
func (p *Process) Exited() <-chan struct{} { return p.done }

// Logs returns what the program has written so far.
func (p *Process) Logs() (string, error) {
	log, err := os.ReadFile(p.LogPath)
	return string(log), err
}

// Kill ends the program as `kill -9` does, and returns once it is gone.
func (p *Process) Kill() error {
	err := p.signal(syscall.SIGKILL)
	<-p.done
	return err
}

// Stop asks the program to end, and returns once it is gone. It is an error if the program has to be killed.
func (p *Process) Stop() error {
	if err := errors.Join(p.signal(syscall.SIGTERM), p.Thaw()); err != nil {
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(stopGrace):
		return errors.Join(fmt.Errorf("%s did not end within %s of SIGTERM", p.name, stopGrace), p.Kill())
	}
}

// Dump ends the program as a Ctrl-\ does: one in Go writes the stacks of all its goroutines to its log. It returns once
// the program is gone.
func (p *Process) Dump() error {
	err := p.signal(syscall.SIGQUIT)
	<-p.done
	return err
}

// Freeze stops the program where it is, as a paused machine would, until Thaw.
func (p *Process) Freeze() error { return p.signal(syscall.SIGSTOP) }

// Thaw lets a frozen program go on.
func (p *Process) Thaw() error { return p.signal(syscall.SIGCONT) }

// signal does nothing if the program has ended.
func (p *Process) signal(s syscall.Signal) error {
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal %s to %s: %w", s, p.name, err)
	}
	return nil
}

// await polls until ready says so, the program ends or the context does.
func (p *Process) await(ctx context.Context, ready func(context.Context) bool) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !ready(ctx) {
		select {
		case <-p.done:
			return p.failure("ended before it was ready")
		case <-ctx.Done():
			return p.failure("is not ready in time")
		case <-tick.C:
		}
	}
	return nil
}

// failure is an error that shows the end of the program's log.
func (p *Process) failure(what string) error {
	const shown = 15
	log, err := p.Logs()
	if err != nil {
		log = err.Error()
	}
	lines := strings.Split(strings.TrimRight(log, "\n"), "\n")
	return fmt.Errorf("%s %s; the end of %s:\n%s", p.name, what, p.LogPath, strings.Join(lines[max(0, len(lines)-shown):], "\n"))
}
