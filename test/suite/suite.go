// Package suite is what the Ginkgo suites share: how they are run, the Bed that their programs live in, and kubectl and
// clients whose failure fails the case.
//
// A suite may be run by several processes side by side (`ginkgo --procs`). Each process starts what its BeforeSuite
// starts: a control plane, an operator and arrays of its own. Cases share nothing with those of other processes but the
// machine's cores, so that a case that waits costs the others nothing.
package suite

import (
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"
	"github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

// patience is for how long Eventually waits unless a case says otherwise. It is generous, because the suites share their
// cores; a case that passes does not wait for it.
const patience = 2 * time.Minute

var failed bool

// Failed reports whether anything has failed so far in this process.
func Failed() bool { return failed }

// Run runs the cases of a package; its Test function calls it.
func Run(t *testing.T, name string) {
	gomega.RegisterFailHandler(func(message string, callerSkip ...int) {
		failed = true
		skip := 1
		if len(callerSkip) > 0 {
			skip += callerSkip[0]
		}
		ginkgo.Fail(message, skip)
	})
	// A case that panics, or whose time is over, does not call the handler.
	ginkgo.AfterEach(func() { failed = failed || ginkgo.CurrentSpecReport().Failed() })
	gomega.SetDefaultEventuallyTimeout(patience)
	gomega.SetDefaultEventuallyPollingInterval(100 * time.Millisecond)
	// Without this, what waits with a case's context waits for as long as the context lasts.
	gomega.EnforceDefaultTimeoutsWhenUsingContexts()
	// Without a logger, controller-runtime's client complains after a while, with a stack.
	log.SetLogger(logr.Discard())
	configuration, reporter := ginkgo.GinkgoConfiguration()
	reporter.NoColor = true
	reporter.Verbose = reporter.Verbose || testing.Verbose()
	ginkgo.RunSpecs(t, name, configuration, reporter)
}

// NewBed makes a Bed that lasts as long as the suite if BeforeSuite calls it, else as long as the case. If anything has
// failed in that time, the logs of its programs are kept, and the report says where.
func NewBed() *testbed.Bed {
	ginkgo.GinkgoHelper()
	bed, err := testbed.New()
	gomega.Expect(err).NotTo(gomega.HaveOccurred())
	ofCase := ginkgo.CurrentSpecReport().LeafNodeType.Is(types.NodeTypeIt)
	ginkgo.DeferCleanup(func() {
		if ofCase && ginkgo.CurrentSpecReport().Failed() || !ofCase && failed {
			ginkgo.GinkgoWriter.Printf("The logs are in %s\n", bed.Dir)
			gomega.Expect(bed.Stop()).To(gomega.Succeed())
			return
		}
		gomega.Expect(bed.Close()).To(gomega.Succeed())
	})
	return bed
}
