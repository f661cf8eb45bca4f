package testbed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// The identity that the operator runs under: what config/ installs for it.
const (
	OperatorNamespace      = "ontap-san-system"
	OperatorServiceAccount = "ontap-san-controller-manager"
	OperatorUser           = "system:serviceaccount:" + OperatorNamespace + ":" + OperatorServiceAccount
)

// User is somebody who is known to a control plane by a client certificate.
type User struct {
	// Kubeconfig is the path of the user's kubeconfig file.
	Kubeconfig string
	// KubectlPath is where kubectl is.
	KubectlPath string

	env []string
}

// AddUser makes a user with groups; file names the kubeconfig in the Bed's directory. What the user may do is up to
// RBAC.
func (c *ControlPlane) AddUser(file, name string, groups ...string) (*User, error) {
	kubectl, err := c.bed.controlPlaneProgram("kubectl")
	if err != nil {
		return nil, err
	}
	pair, err := c.authority.client(name, groups...)
	if err != nil {
		return nil, err
	}
	u := &User{Kubeconfig: filepath.Join(c.bed.Dir, file), KubectlPath: kubectl}
	// Ports come back with another API server behind them: a cache of discovery must not outlive this one, and
	// nobody's own preferences apply.
	u.env = append(os.Environ(), "KUBECONFIG="+u.Kubeconfig, "KUBECACHEDIR="+filepath.Join(c.bed.Dir, "kubectl-cache"), "KUBERC=off")

	const entry = "testbed"
	config := api.NewConfig()
	config.Clusters[entry] = &api.Cluster{Server: c.URL, CertificateAuthorityData: c.authority.pem}
	config.AuthInfos[entry] = &api.AuthInfo{ClientCertificateData: pair.cert, ClientKeyData: pair.key}
	config.Contexts[entry] = &api.Context{Cluster: entry, AuthInfo: entry}
	config.CurrentContext = entry
	return u, clientcmd.WriteToFile(*config, u.Kubeconfig)
}

// Exports are the lines that make a shell's kubectl the user's.
func (u *User) Exports() string {
	return fmt.Sprintf("export KUBECONFIG=%s\nexport PATH=%s:$PATH\n", u.Kubeconfig, filepath.Dir(u.KubectlPath))
}

// AddOperator makes the user that the operator logs in as. It has the rights of the operator's service account, which
// is what Install gives it, and no others.
func (c *ControlPlane) AddOperator() (*User, error) {
	return c.AddUser("operator.kubeconfig", OperatorUser,
		"system:serviceaccounts", "system:serviceaccounts:"+OperatorNamespace, "system:authenticated")
}

// Install applies the CRDs, the namespace and the RBAC of config/ and returns when the API server serves them.
func (c *ControlPlane) Install(ctx context.Context) error {
	if _, err := c.Kubectl(ctx, "", "apply", "--server-side", "-k", c.bed.Path("config", "local")); err != nil {
		return err
	}
	_, err := c.Kubectl(ctx, "", "wait", "--for=condition=Established", "--timeout=60s",
		"crd/iscsimetricsqueries.san.ontap-operator.io", "crd/iscsiservices.san.ontap-operator.io", "crd/ontapclusters.san.ontap-operator.io")
	return err
}

// Kubectl runs kubectl as the user, with stdin if it is not empty, and returns what it prints. If kubectl fails, the
// error has what it wrote to standard error.
func (u *User) Kubectl(ctx context.Context, stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, u.KubectlPath, args...)
	cmd.Env = u.env
	if stdin != "" {
		cmd.Stdin = strings.NewReader(stdin)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr

	if err := Start(cmd); err != nil {
		return "", fmt.Errorf("start kubectl: %w", err)
	}
	if err := cmd.Wait(); err != nil {
		message := strings.TrimSpace(stderr.String())
		if message == "" {
			message = err.Error()
		}
		return stdout.String(), fmt.Errorf("kubectl %s: %w", strings.Join(args, " "), errors.Join(ctx.Err(), errors.New(message)))
	}
	return stdout.String(), nil
}
