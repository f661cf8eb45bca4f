// Package flux runs the real kustomize-controller, operator and control plane, and a stand-in array: what a team merges is
// applied, waited for and pruned. The array's journal is the witness.
package flux

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

var (
	bed     *testbed.Bed
	cluster *testbed.ControlPlane
	sources *artifacts
	// reader reads objects where a case looks again and again; everything else is done with kubectl.
	reader client.Client
	// started: every program runs. failed: a case did.
	started, failed bool
)

func TestFlux(t *testing.T) {
	RegisterFailHandler(Fail)
	// kustomize-controller looks every five seconds at what it waits for.
	SetDefaultEventuallyTimeout(90 * time.Second)
	SetDefaultEventuallyPollingInterval(100 * time.Millisecond)
	EnforceDefaultTimeoutsWhenUsingContexts()
	suite, reporter := GinkgoConfiguration()
	reporter.Verbose, reporter.NoColor = testing.Verbose(), true
	RunSpecs(t, "ONTAP SAN Operator under Flux", suite, reporter)
}

var _ = BeforeSuite(func(ctx SpecContext) {
	var err error
	bed, err = testbed.New()
	Expect(err).NotTo(HaveOccurred())
	cluster, err = bed.StartControlPlane(ctx)
	Expect(err).NotTo(HaveOccurred())
	Expect(cluster.Install(ctx)).To(Succeed())
	Expect(cluster.InstallFlux(ctx)).To(Succeed())
	reader = newReader()
	identity, err := cluster.AddOperator()
	Expect(err).NotTo(HaveOccurred())
	_, err = bed.StartOperator(ctx, identity.Kubeconfig, "--log-level", "debug")
	Expect(err).NotTo(HaveOccurred())
	_, err = bed.StartKustomizeController(ctx, cluster)
	Expect(err).NotTo(HaveOccurred())
	sources = serveArtifacts()
	DeferCleanup(sources.server.Close)
	started = true
})

var _ = AfterEach(func() { failed = failed || CurrentSpecReport().Failed() })

var _ = AfterSuite(func() {
	if bed == nil {
		return
	}
	if failed || !started {
		fmt.Fprintf(GinkgoWriter, "The logs are in %s\n", bed.Dir)
		Expect(bed.Stop()).To(Succeed())
		return
	}
	Expect(bed.Close()).To(Succeed())
})

func kubectl(ctx SpecContext, args ...string) string {
	GinkgoHelper()
	out, err := cluster.Kubectl(ctx, "", args...)
	Expect(err).NotTo(HaveOccurred())
	return out
}

func apply(ctx SpecContext, manifest string) {
	GinkgoHelper()
	_, err := cluster.Kubectl(ctx, manifest, "apply", "-f", "-")
	Expect(err).NotTo(HaveOccurred())
}

func newReader() client.Client {
	GinkgoHelper()
	scheme := runtime.NewScheme()
	Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())
	config, err := clientcmd.BuildConfigFromFlags("", cluster.Kubeconfig)
	Expect(err).NotTo(HaveOccurred())
	config.QPS = -1
	c, err := client.New(config, client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	return c
}
