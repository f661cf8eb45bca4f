package testbed

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
)

// FluxNamespace is where the objects of Flux are that belong to the platform.
const FluxNamespace = "flux-system"

// InstallFlux applies the CRDs of Flux's kustomize-controller and of its sources, as `make flux` has written them, and
// makes the namespace.
func (c *ControlPlane) InstallFlux(ctx context.Context) error {
	if _, err := executable(c.bed.Path("bin", "flux"), "kustomize-controller", "make flux"); err != nil {
		return err
	}
	manifests, err := filepath.Glob(c.bed.Path("bin", "flux", "*.yaml"))
	if err != nil {
		return err
	}
	args := []string{"apply", "--server-side"}
	for _, path := range manifests {
		args = append(args, "-f", path)
	}
	if _, err := c.Kubectl(ctx, "", args...); err != nil {
		return err
	}
	if _, err := c.Kubectl(ctx, "", "create", "namespace", FluxNamespace); err != nil {
		return err
	}
	_, err = c.Kubectl(ctx, "", "wait", "--for=condition=Established", "--timeout=60s", "crd",
		"kustomizations.kustomize.toolkit.fluxcd.io", "gitrepositories.source.toolkit.fluxcd.io")
	return err
}

// StartKustomizeController starts Flux's kustomize-controller as a cluster administrator, which it is in a cluster, and
// returns when it is ready. There is no source-controller: whoever has a source writes its status.
func (b *Bed) StartKustomizeController(ctx context.Context, c *ControlPlane) (*Process, error) {
	program, err := executable(b.Path("bin", "flux"), "kustomize-controller", "make flux")
	if err != nil {
		return nil, err
	}
	user, err := c.AddUser("kustomize-controller.kubeconfig", "system:serviceaccount:"+FluxNamespace+":kustomize-controller", "system:masters")
	if err != nil {
		return nil, err
	}
	// It takes its kubeconfig and its folder for artifacts from the environment only.
	env, err := exec.LookPath("env")
	if err != nil {
		return nil, err
	}
	temp := filepath.Join(b.Dir, "kustomize-controller")
	if err := os.MkdirAll(temp, 0o700); err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	p, err := b.run("kustomize-controller", env,
		"KUBECONFIG="+user.Kubeconfig, "TMPDIR="+temp, "RUNTIME_NAMESPACE="+FluxNamespace, program,
		"--health-addr", "127.0.0.1:"+port, "--metrics-addr", "0", "--concurrent", "10", "--http-retry", "1", "--requeue-dependency", "1s")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := p.await(ctx, answers(http.DefaultClient, "http://127.0.0.1:"+port+"/readyz")); err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	return p, nil
}
