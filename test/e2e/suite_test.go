// Package e2e runs the real operator against a real control plane and stand-in arrays, and drives them as users do: with
// kubectl. What the operator did is read from the array's journal and from the API server's audit log.
package e2e

import (
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

// The programs that all cases share. Each case has an array, a namespace and an ONTAPCluster of its own.
var (
	bed      *testbed.Bed
	cluster  *testbed.ControlPlane
	operator *testbed.Operator
	identity *testbed.User
	// reader reads objects where a case looks again and again; everything else is done with kubectl.
	reader client.Client
)

func TestE2E(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(time.Minute)
	EnforceDefaultTimeoutsWhenUsingContexts() // or what waits with a case's context waits for ever
	SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	suite, reporter := GinkgoConfiguration()
	reporter.Verbose, reporter.NoColor = testing.Verbose(), true
	RunSpecs(t, "ONTAP SAN Operator", suite, reporter)
}

var _ = BeforeSuite(func(ctx SpecContext) {
	var err error
	bed, err = testbed.New()
	Expect(err).NotTo(HaveOccurred())
	cluster, err = bed.StartControlPlane(ctx)
	Expect(err).NotTo(HaveOccurred())
	Expect(cluster.Install(ctx)).To(Succeed())
	reader = newReader()
	account = documentedAccount()
	identity, err = cluster.AddOperator()
	Expect(err).NotTo(HaveOccurred())
	startOperator(ctx)
	started = true
})

var _ = AfterSuite(func(ctx SpecContext) {
	if bed == nil {
		return
	}
	judged := false
	defer func() {
		if suiteFailed || !judged {
			GinkgoWriter.Printf("The logs are in %s\n", bed.Dir)
			Expect(bed.Stop()).To(Succeed())
			return
		}
		Expect(bed.Close()).To(Succeed())
	}()
	if started {
		expectLeastPrivilege(ctx)
		judged = true
	}
})

// started: every program that the cases share runs. suiteFailed: a case did.
var started, suiteFailed bool

var _ = AfterEach(func(ctx SpecContext) {
	suiteFailed = suiteFailed || CurrentSpecReport().Failed()
	for _, service := range services(ctx) {
		expectWellFormed(&service, service.Status.Conditions, service.Status.ObservedGeneration)
	}
	var queries v1alpha1.ISCSIMetricsQueryList
	Expect(reader.List(ctx, &queries)).To(Succeed())
	for _, query := range queries.Items {
		expectWellFormed(&query, query.Status.Conditions, query.Status.ObservedGeneration)
	}
})

// startOperator starts the operator under its own identity, with what config/rbac grants it.
func startOperator(ctx SpecContext, flags ...string) {
	GinkgoHelper()
	var err error
	operator, err = bed.StartOperator(ctx, identity.Kubeconfig, append(flags, "--log-level", "debug")...)
	Expect(err).NotTo(HaveOccurred())
}

// kubectl runs kubectl as the administrator and expects it to succeed.
func kubectl(ctx SpecContext, args ...string) string {
	GinkgoHelper()
	out, err := cluster.Kubectl(ctx, "", args...)
	Expect(err).NotTo(HaveOccurred())
	return out
}

// apply applies a manifest.
func apply(ctx SpecContext, manifest string) {
	GinkgoHelper()
	_, err := cluster.Kubectl(ctx, manifest, "apply", "-f", "-")
	Expect(err).NotTo(HaveOccurred())
}

func services(ctx SpecContext) []v1alpha1.ISCSIService {
	GinkgoHelper()
	var list v1alpha1.ISCSIServiceList
	Expect(reader.List(ctx, &list)).To(Succeed())
	return list.Items
}

func newReader() client.Client {
	GinkgoHelper()
	scheme := runtime.NewScheme()
	Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())
	Expect(eventsv1.AddToScheme(scheme)).To(Succeed())
	config, err := clientcmd.BuildConfigFromFlags("", cluster.Kubeconfig)
	Expect(err).NotTo(HaveOccurred())
	config.QPS = -1
	c, err := client.New(config, client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	return c
}
