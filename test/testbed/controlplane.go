package testbed

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// startTimeout bounds the start of one program on a busy machine.
const startTimeout = 90 * time.Second

// ControlPlane is a Kubernetes of its own: etcd, kube-apiserver with RBAC and an audit log, and
// kube-controller-manager for namespaces, garbage collection, service accounts and aggregated roles. It has no nodes.
// Its methods act as the cluster administrator.
type ControlPlane struct {
	*User

	// URL is where the API server listens.
	URL string
	// APIServer, Etcd and ControllerManager are the programs. ControllerManager is nil if KUBEBUILDER_ASSETS has none.
	APIServer, Etcd, ControllerManager *Process

	bed       *Bed
	authority *authority
	http      *http.Client
}

// StartControlPlane starts a control plane and returns when the API server is ready and the controllers run.
func (b *Bed) StartControlPlane(ctx context.Context) (*ControlPlane, error) {
	c := &ControlPlane{bed: b}
	for _, step := range []func(context.Context) error{
		c.writeFiles, c.startEtcd, c.startAPIServer, c.addAdministrator, c.startControllerManager,
	} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, c.Stop())
		}
	}
	return c, nil
}

// Stop ends the control plane.
func (c *ControlPlane) Stop() error {
	var errs []error
	for _, p := range []*Process{c.ControllerManager, c.APIServer, c.Etcd} {
		if p != nil {
			errs = append(errs, p.Stop())
		}
	}
	return errors.Join(errs...)
}

// auditPolicy records every write, once it is answered, and all that the operator asks for.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  users: ["` + OperatorUser + `"]
- level: None
  verbs: [get, list, watch]
- level: Metadata
`

func (c *ControlPlane) writeFiles(context.Context) error {
	var err error
	if c.authority, err = newAuthority(); err != nil {
		return err
	}
	server, err := c.authority.server()
	if err != nil {
		return err
	}
	admin, err := c.authority.client("testbed-admin", "system:masters")
	if err != nil {
		return err
	}
	tlsConfig, err := c.authority.tlsConfig(admin)
	if err != nil {
		return err
	}
	c.http = &http.Client{Transport: &http.Transport{TLSClientConfig: tlsConfig}, Timeout: 5 * time.Second}

	return errors.Join(
		os.Mkdir(c.pki(""), 0o700),
		os.WriteFile(c.pki("ca.crt"), c.authority.pem, 0o600),
		server.write(c.pki(""), "server"),
		admin.write(c.pki(""), "admin"),
		os.WriteFile(c.pki("audit-policy.yaml"), []byte(auditPolicy), 0o600),
	)
}

func (c *ControlPlane) pki(name string) string {
	return filepath.Join(c.bed.Dir, "control-plane", name)
}

func (c *ControlPlane) startEtcd(ctx context.Context) error {
	var err error
	c.Etcd, err = c.serve(ctx, "etcd", "/health", func(port string) []string {
		return []string{
			"--data-dir=" + c.pki("etcd"),
			"--listen-client-urls=https://127.0.0.1:" + port,
			"--advertise-client-urls=https://127.0.0.1:" + port,
			"--listen-peer-urls=http://127.0.0.1:0",
			// Only this control plane's API server is let in, whichever ports others get.
			"--client-cert-auth", "--trusted-ca-file=" + c.pki("ca.crt"),
			"--cert-file=" + c.pki("server.crt"), "--key-file=" + c.pki("server.key"),
			"--unsafe-no-fsync",
			"--log-level=warn",
		}
	})
	return err
}

func (c *ControlPlane) startAPIServer(ctx context.Context) error {
	etcd := c.URL
	var err error
	c.APIServer, err = c.serve(ctx, "kube-apiserver", "/readyz", func(port string) []string {
		return []string{
			"--bind-address=127.0.0.1", "--external-hostname=127.0.0.1", "--secure-port=" + port,
			"--etcd-servers=" + etcd, "--etcd-cafile=" + c.pki("ca.crt"),
			"--etcd-certfile=" + c.pki("admin.crt"), "--etcd-keyfile=" + c.pki("admin.key"),
			"--tls-cert-file=" + c.pki("server.crt"), "--tls-private-key-file=" + c.pki("server.key"),
			"--client-ca-file=" + c.pki("ca.crt"),
			"--service-account-issuer=https://127.0.0.1:" + port,
			"--service-account-key-file=" + c.pki("server.crt"),
			"--service-account-signing-key-file=" + c.pki("server.key"),
			"--service-cluster-ip-range=10.0.0.0/24",
			"--endpoint-reconciler-type=none", // a loopback address makes no Endpoints
			"--authorization-mode=RBAC",
			"--allow-privileged", // as elsewhere: it is up to Pod Security to refuse such a pod
			"--audit-policy-file=" + c.pki("audit-policy.yaml"), "--audit-log-path=" + c.auditLog(),
			"--profiling=false",
		}
	})
	return err
}

func (c *ControlPlane) addAdministrator(context.Context) error {
	var err error
	c.User, err = c.AddUser("kubeconfig", "kubernetes-admin", "system:masters")
	return err
}

// controllers are those that the product relies on; the others would look after nodes and workloads.
const controllers = "--controllers=namespace-controller,garbage-collector-controller,serviceaccount-controller,serviceaccount-token-controller," +
	"clusterrole-aggregation-controller,root-ca-certificate-publisher-controller"

func (c *ControlPlane) startControllerManager(ctx context.Context) error {
	const name = "kube-controller-manager"
	path, err := c.bed.controlPlaneProgram(name)
	if errors.Is(err, fs.ErrNotExist) && os.Getenv("KUBEBUILDER_ASSETS") != "" {
		return nil
	} else if err != nil {
		return err
	}
	c.ControllerManager, err = c.bed.run(name, path,
		"--kubeconfig="+c.Kubeconfig, controllers, "--leader-elect=false", "--secure-port=0",
		"--root-ca-file="+c.pki("ca.crt"), "--service-account-private-key-file="+c.pki("server.key"))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	return c.ControllerManager.await(ctx, answers(c.http, c.URL+"/api/v1/namespaces/default/serviceaccounts/default"))
}

// serve starts a program that has to be told which port to listen on, and returns when path answers there; c.URL is
// then its address. Somebody else may take a free port before the program does: then it gets another one.
func (c *ControlPlane) serve(ctx context.Context, name, path string, args func(port string) []string) (*Process, error) {
	program, err := c.bed.controlPlaneProgram(name)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		c.URL = "https://127.0.0.1:" + port
		p, err := c.bed.run(name, program, args(port)...)
		if err != nil {
			return nil, err
		}
		err = p.await(ctx, answers(c.http, c.URL+path))
		if err == nil {
			return p, nil
		}
		if log, _ := p.Logs(); !strings.Contains(log, "address already in use") || ctx.Err() != nil {
			return p, err
		}
	}
}

// answers tells whether a GET is answered with 200.
func answers(client *http.Client, url string) func(context.Context) bool {
	return func(ctx context.Context) bool {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return false
		}
		response, err := client.Do(request)
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK
	}
}

func freePort() (string, error) {
	ports, err := freePorts(1)
	if err != nil {
		return "", err
	}
	return ports[0], nil
}

// freePorts returns several: one that was found and let go may be found again.
func freePorts(n int) (ports []string, err error) {
	for range n {
		listener, listenErr := net.Listen("tcp", "127.0.0.1:0")
		if listenErr != nil {
			return nil, fmt.Errorf("find a free port: %w", listenErr)
		}
		defer func() { err = errors.Join(err, listener.Close()) }()
		_, port, splitErr := net.SplitHostPort(listener.Addr().String())
		if splitErr != nil {
			return nil, splitErr
		}
		ports = append(ports, port)
	}
	return ports, nil
}
