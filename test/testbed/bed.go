package testbed

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

const operatorModule = "github.com/ontap-operator/ontap-san-operator"

// Bed is a directory and the programs that were started in it.
type Bed struct {
	// Dir has the logs, kubeconfigs and data of the programs.
	Dir string

	repo string

	mu        sync.Mutex
	processes []*Process
	starts    map[string]int
}

// New makes a Bed in a temporary directory.
func New() (*Bed, error) {
	repo, err := repoRoot()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "ontap-san-")
	if err != nil {
		return nil, err
	}
	// kustomize compares paths with their symbolic links resolved.
	dir, err = filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, err
	}
	return &Bed{Dir: dir, repo: repo, starts: map[string]int{}}, nil
}

// Path returns the absolute path of a file or folder of the repository.
func (b *Bed) Path(elem ...string) string {
	return filepath.Join(append([]string{b.repo}, elem...)...)
}

// Stop ends every program that still runs, the youngest first, and keeps Dir, where the logs are.
func (b *Bed) Stop() error {
	b.mu.Lock()
	processes := slices.Clone(b.processes)
	b.processes = nil
	b.mu.Unlock()

	var errs []error
	for _, p := range slices.Backward(processes) {
		errs = append(errs, p.Stop())
	}
	return errors.Join(errs...)
}

// Close ends every program and removes Dir.
func (b *Bed) Close() error {
	return errors.Join(b.Stop(), os.RemoveAll(b.Dir))
}

// run starts a program that the Bed stops at the end.
func (b *Bed) run(name, path string, args ...string) (*Process, error) {
	b.mu.Lock()
	defer b.mu.Unlock()

	b.starts[name]++
	logName := name + ".log"
	if n := b.starts[name]; n > 1 {
		logName = fmt.Sprintf("%s-%d.log", name, n)
	}
	p, err := startProcess(name, filepath.Join(b.Dir, logName), path, args...)
	if err != nil {
		return nil, err
	}
	b.processes = append(b.processes, p)
	return p, nil
}

// repoRoot is the folder of the operator's go.mod above the working directory: `go test` runs in the package's folder,
// below the go.mod of the suites.
func repoRoot() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		declared, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && bytes.HasPrefix(declared, []byte("module "+operatorModule+"\n")) {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no go.mod of %s above %s: run this inside the repository", operatorModule, start)
		}
	}
}

// product is the path of one of the project's own programs.
func (b *Bed) product(name string) (string, error) {
	return executable(b.Path("bin"), name, "make build")
}

// controlPlaneProgram is the path of a program of the control plane.
func (b *Bed) controlPlaneProgram(name string) (string, error) {
	if assets := os.Getenv("KUBEBUILDER_ASSETS"); assets != "" {
		return executable(assets, name, "unset KUBEBUILDER_ASSETS; make control-plane")
	}
	return executable(b.Path("bin", "control-plane"), name, "make control-plane")
}

func executable(dir, name, remedy string) (string, error) {
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%s is missing from %s: run `%s`: %w", name, dir, remedy, err)
	}
	return path, nil
}
