package e2e

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"
	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

// unusedGrants is the name of the report entry in which each process says what its cases did not make the operator use.
const unusedGrants = "grants that the operator did not use"

var _ = AfterSuite(func(ctx SpecContext) {
	if cluster == nil || operator == nil {
		return // BeforeSuite has failed
	}
	requests, err := cluster.Requests(testbed.OperatorUser)
	Expect(err).NotTo(HaveOccurred())
	Expect(requests).NotTo(BeEmpty())
	denied := slices.DeleteFunc(slices.Clone(requests), func(r testbed.APIRequest) bool { return !r.Denied() || provoked(r) })
	Expect(lines(denied)).To(BeEmpty(), "the operator asked for what it is not granted")
	grants, err := cluster.OperatorGrants(ctx)
	Expect(err).NotTo(HaveOccurred())
	Expect(grants).NotTo(BeEmpty())
	AddReportEntry(unusedGrants, lines(testbed.Unused(grants, requests)), ReportEntryVisibilityNever)
})

// What one process did not use another one may have used.
var _ = ReportAfterSuite("Grants in Kubernetes", func(report Report) {
	stats := report.PreRunStats
	if !report.SuiteSucceeded || stats.SpecsThatWillRun < stats.TotalSpecs {
		say("Whether each of the operator's grants was used is NOT JUDGED: only the whole suite, without a failure, can use them all.")
		return
	}
	var unused []string
	processes := 0
	for _, node := range report.SpecReports.WithLeafNodeType(types.NodeTypeAfterSuite) {
		for _, entry := range node.ReportEntries {
			if entry.Name != unusedGrants {
				continue
			}
			here := slices.Collect(strings.Lines(entry.StringRepresentation()))
			if processes++; processes > 1 {
				here = slices.DeleteFunc(here, func(grant string) bool { return !slices.Contains(unused, grant) })
			}
			unused = here
		}
	}
	Expect(processes).To(Equal(report.SuiteConfig.ParallelTotal), "every process says what it did not use")
	Expect(strings.Join(unused, "")).To(BeEmpty(), "the operator is granted what it never asked for")
	say("None of the operator's requests was denied, and each of its grants was used.")
})

// provoked reports whether a case has denied the request to the operator on purpose.
func provoked(r testbed.APIRequest) bool {
	return r.Object.Resource == "leases" && slices.ContainsFunc(leaseDenied, func(since time.Time) bool {
		return r.Received.After(since.Add(-time.Second)) && r.Received.Before(since.Add(time.Minute))
	})
}

// say prints a line, whether or not somebody asked for a verbose report.
func say(format string, args ...any) { fmt.Printf("\n"+format+"\n", args...) }

func lines[T fmt.Stringer](things []T) string {
	var b strings.Builder
	for _, thing := range things {
		fmt.Fprintln(&b, thing)
	}
	return b.String()
}

var _ = Describe("Privileges in Kubernetes", func() {
	It("have no wildcard, and Secrets in no ClusterRole", func(ctx SpecContext) {
		rendered := kubectl(ctx, "kustomize", bed.Path("config", "default"))
		documents := yaml.NewYAMLOrJSONDecoder(strings.NewReader(rendered), 4096)
		roles := 0
		for {
			var role rbacv1.ClusterRole // a Role has the same rules
			err := documents.Decode(&role)
			if errors.Is(err, io.EOF) {
				break
			}
			Expect(err).NotTo(HaveOccurred())
			if role.Kind != "Role" && role.Kind != "ClusterRole" {
				continue
			}
			roles++
			for _, rule := range role.Rules {
				Expect(slices.Concat(rule.Verbs, rule.APIGroups, rule.Resources, rule.NonResourceURLs)).NotTo(
					ContainElement(ContainSubstring("*")), "%s %s", role.Kind, role.Name)
				if role.Kind == "ClusterRole" {
					Expect(rule.Resources).NotTo(ContainElement(HavePrefix("secrets")), role.Name)
				}
			}
		}
		Expect(roles).To(BeNumerically(">", 5))
	})

	It("are asked of whoever reads the metrics", func(ctx SpecContext) {
		const namespace = "scrapers"
		kubectl(ctx, "create", "namespace", namespace)
		token := func(account string) string {
			kubectl(ctx, "--namespace", namespace, "create", "serviceaccount", account)
			return strings.TrimSpace(kubectl(ctx, "--namespace", namespace, "create", "token", account))
		}
		stranger, scraper := token("stranger"), token("scraper")
		kubectl(ctx, "create", "clusterrolebinding", namespace, "--clusterrole=ontap-san-metrics-reader", "--serviceaccount="+namespace+":scraper")

		status, _ := scrape(ctx, "")
		Expect(status).To(Equal(http.StatusUnauthorized))
		status, _ = scrape(ctx, stranger)
		Expect(status).To(Equal(http.StatusForbidden))
		status, metrics := scrape(ctx, scraper)
		Expect(status).To(Equal(http.StatusOK))
		Expect(metrics).To(ContainSubstring(`controller_runtime_reconcile_total{controller="iscsiservice"`))
	})
})

var _ = Describe("An operator that cannot have lists streamed, as by an older API server", func() {
	It("lists, and works as ever", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		Expect(operator.Stop()).To(Succeed())
		DeferCleanup(func(ctx SpecContext) {
			Expect(operator.Stop()).To(Succeed())
			startOperator(ctx)
		})
		GinkgoT().Setenv("KUBE_FEATURE_WatchListClient", "false")
		startOperator(ctx)
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		Expect(cluster.Requests(testbed.OperatorUser)).To(ContainElement(And(HaveField("Verb", "list"), HaveField("Object.Resource", "ontapclusters"))))
	})
})

// scrape reads the operator's metrics with a token, if it is not empty.
func scrape(ctx SpecContext, token string) (status int, metrics string) {
	GinkgoHelper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} // the operator makes its certificate itself
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, operator.MetricsURL, nil)
	Expect(err).NotTo(HaveOccurred())
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := transport.RoundTrip(request)
	Expect(err).NotTo(HaveOccurred())
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	Expect(err).NotTo(HaveOccurred())
	return response.StatusCode, string(body)
}
