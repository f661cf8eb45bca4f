// Package flux runs the real kustomize-controller, operator and control plane, and a simulator: what a team merges is
// applied, waited for and pruned. The array's journal is the witness.
package flux

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/test/suite"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

var (
	bed     *testbed.Bed
	cluster *testbed.ControlPlane
	sources *artifacts
	// administrator does what cases do again and again; everything else is done with kubectl. reader is the same, for reading.
	administrator client.Client
	reader        client.Reader
)

func TestFlux(t *testing.T) { suite.Run(t, "ONTAP SAN Operator under Flux") }

var _ = BeforeSuite(func(ctx SpecContext) {
	bed = suite.NewBed()
	var identity *testbed.User
	cluster, identity = suite.Installed(ctx, bed)
	Expect(cluster.InstallFlux(ctx)).To(Succeed())
	administrator = suite.NewClient(cluster)
	reader = administrator
	_, err := bed.StartOperator(ctx, identity.Kubeconfig, "--log-level", "debug")
	Expect(err).NotTo(HaveOccurred())
	_, err = bed.StartKustomizeController(ctx, cluster)
	Expect(err).NotTo(HaveOccurred())
	sources = serveArtifacts()
	DeferCleanup(sources.server.Close)
})

func kubectl(ctx SpecContext, args ...string) string {
	GinkgoHelper()
	return suite.Kubectl(ctx, cluster, args...)
}

func apply(ctx SpecContext, manifest string) {
	GinkgoHelper()
	suite.Apply(ctx, administrator, manifest)
}
