package transcripts

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/test/suite"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

// worlds are what the pages with transcripts suppose, by the path of the page.
var worlds = map[string]func(SpecContext, *page){
	"README.md":               demo,
	"docs/connecting.md":      ownArray,
	"docs/install.md":         bareCluster,
	"docs/metrics-history.md": demo,
	"docs/operations.md":      demo,
	"docs/quickstart.md":      demo,
	"docs/simulator.md":       simulator,
	"docs/tenancy.md":         demo,
	"docs/troubleshooting.md": demo,
}

var _ = Describe("What is shown", func() {
	for path, world := range worlds {
		It("is what happens: "+path, func(ctx SpecContext) {
			p := readPage(filepath.Join("..", "..", path))
			Expect(p.steps).NotTo(BeEmpty())
			world(ctx, p)
		})
	}

	It("is run on each page that shows something", func() {
		for _, path := range documents() {
			if text, err := os.ReadFile(path); err != nil || strings.Contains(string(text), "```console") {
				Expect(err).NotTo(HaveOccurred())
				Expect(worlds).To(HaveKey(strings.TrimPrefix(path, "../../")))
			}
		}
	})
})

// demo is what `make demo` leaves its user with.
func demo(ctx SpecContext, p *page) {
	GinkgoHelper()
	bed := suite.NewBed()
	started, err := bed.StartDemo(ctx)
	Expect(err).NotTo(HaveOccurred())
	p.masks = []mask{
		figures,
		{regexp.MustCompile(`(?m)^\S+Z \d+ \d+$`), "TIME N N"},
		{regexp.MustCompile(`"busiest-[a-z0-9]{5}"`), `"busiest-NAME"`}, // generateName
	}
	p.run(ctx, newSession(bed.Path(), started.Exports))
	// Whoever ends it has nothing left of it.
	Expect(started.Stop()).To(Succeed())
	Expect(started.Logs()).To(HaveSuffix("Everything is stopped and gone.\n"))
}

// simulator is a machine with nothing but the simulator, which listens where the page happens to say.
func simulator(ctx SpecContext, p *page) {
	GinkgoHelper()
	addresses := regexp.MustCompile(`(?m)^ready api=https://(\S+) control=http://(\S+)$`).FindStringSubmatch(strings.Join(p.lines, "\n"))
	Expect(addresses).NotTo(BeNil())
	api, err := testbed.FreeAddress()
	Expect(err).NotTo(HaveOccurred())
	control, err := testbed.FreeAddress()
	Expect(err).NotTo(HaveOccurred())
	p.standFor("reference.yaml --ca-out", fmt.Sprintf("reference.yaml --listen %s --control %s --ca-out", api, control),
		addresses[1], api, addresses[2], control)
	p.masks = []mask{figures}
	p.run(ctx, newSession(suite.NewBed().Path(), ""))
}

// bareCluster is a cluster without the operator, at the beginning of each section.
func bareCluster(ctx SpecContext, p *page) {
	GinkgoHelper()
	bed := suite.NewBed()
	cluster, err := bed.StartControlPlane(ctx)
	Expect(err).NotTo(HaveOccurred())
	s := newSession(bed.Path(), cluster.Exports()+"export PATH="+bed.Path("bin", "helm")+":$PATH")
	p.standFor(" install.yaml", " dist/install.yaml",
		"https://github.com/ontap-operator/ontap-san-operator/config/default?ref=v0.1.0", "config/default")
	p.between = func(s *session, section string) {
		GinkgoHelper()
		// An API server that is to delete a CRD before it has come to serve it takes minutes over that.
		command := "until kubectl get iscsisvc,iscsimq,ontapcluster -A || ! kubectl get crd iscsiservices.san.ontap-operator.io; do sleep 0.2; done; " +
			"helm uninstall ontap-san --namespace ontap-san-system --ignore-not-found && " +
			"kubectl delete --ignore-not-found -f dist/install.yaml"
		if section == "Uninstalling" {
			command += " && kubectl apply -f dist/install.yaml"
		}
		output, code := s.run(ctx, command)
		Expect(code).To(Equal("0"), output)
	}
	p.run(ctx, s)
}

// ownArray is a cluster with the operator, and an array that it does not know yet.
func ownArray(ctx SpecContext, p *page) {
	GinkgoHelper()
	bed := suite.NewBed()
	cluster, err := bed.StartControlPlane(ctx)
	Expect(err).NotTo(HaveOccurred())
	Expect(cluster.Install(ctx)).To(Succeed())
	startOperator(ctx, bed, cluster)
	array := startArray(ctx, bed)
	p.standFor("https://array1.example.com", array.URL, "'…'", "'"+password+"'", "2F:6B:…", fingerprint(array))
	p.run(ctx, newSession(bed.Path(), cluster.Exports()))
}
