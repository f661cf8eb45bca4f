// Package e2e runs the real operator against a real control plane and simulators, and drives them as users do: it
// applies manifests, and uses kubectl. What the operator did is read from the array's journal and from the API server's
// audit log.
package e2e

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/test/suite"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

// The programs that all cases of a process share. Each case has an array, a namespace and an ONTAPCluster of its own.
var (
	bed      *testbed.Bed
	cluster  *testbed.ControlPlane
	operator *testbed.Operator
	identity *testbed.User
	// administrator does what all cases do, as starting kubectl takes long; reader is the same, for reading.
	administrator client.Client
	reader        client.Reader
	// usual: the operator runs with the flags that a case may suppose.
	usual bool
)

// longest has a case begin before the others, so that no process is still at it when the others have nothing left to do.
const longest = SpecPriority(1)

func TestE2E(t *testing.T) { suite.Run(t, "ONTAP SAN Operator") }

var _ = BeforeSuite(func(ctx SpecContext) {
	bed = suite.NewBed()
	cluster, identity = suite.Installed(ctx, bed)
	administrator = suite.NewClient(cluster)
	reader = administrator
	account = documentedAccount()
	startOperator(ctx)
})

// A case that failed may have left the operator dead, or with flags of its own.
var _ = BeforeEach(func(ctx SpecContext) {
	select {
	case <-operator.Exited():
		startOperator(ctx)
	default:
		if !usual {
			Expect(operator.Stop()).To(Succeed())
			startOperator(ctx)
		}
	}
})

var _ = AfterEach(func(ctx SpecContext) {
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
	usual = len(flags) == 0
}

// kubectl runs kubectl as the administrator and expects it to succeed.
func kubectl(ctx SpecContext, args ...string) string {
	GinkgoHelper()
	return suite.Kubectl(ctx, cluster, args...)
}

// apply applies a manifest.
func apply(ctx SpecContext, manifest string) {
	GinkgoHelper()
	suite.Apply(ctx, administrator, manifest)
}

func services(ctx SpecContext) []v1alpha1.ISCSIService {
	GinkgoHelper()
	var list v1alpha1.ISCSIServiceList
	Expect(reader.List(ctx, &list)).To(Succeed())
	return list.Items
}
