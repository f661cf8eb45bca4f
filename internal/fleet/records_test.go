package fleet

import (
	"fmt"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/controlclient"
)

// polls are the requests for pages of all services.
var polls = controlclient.Match{Path: servicesPath, Query: "max_records"}

// withTwo returns an array that is ready for use, with services on svm1 and svm3, and none on svm2.
func withTwo(t *testing.T) (*Array, *controlclient.Control) {
	t.Helper()
	g := NewWithT(t)
	array, console := polled(t)
	g.Expect(console.CreateSVM(t.Context(), controlclient.SVM{Name: "svm3", ISCSI: controlclient.ISCSI{Allowed: true}})).To(Succeed())
	g.Expect(console.PutService(t.Context(), "svm3", controlclient.SVMService{})).To(Succeed())
	_, err := array.Poll(t.Context(), true)
	g.Expect(err).NotTo(HaveOccurred())
	return array, console
}

func TestOneOddRecordMakesOneSVMUnknown(t *testing.T) {
	for name, c := range map[string]struct {
		spoil controlclient.Spoil
		// uuids and names: whether a miss by UUID or by name still proves that the poll did not have the service.
		uuids, names bool
	}{
		"it has no enabled":              {controlclient.Spoil{Remove: []string{"enabled"}}, true, true},
		"its enabled is null":            {controlclient.Spoil{Set: map[string]any{"enabled": nil}}, true, true},
		"its enabled is a number":        {controlclient.Spoil{Set: map[string]any{"enabled": 7}}, true, true},
		"its target is a list":           {controlclient.Spoil{Set: map[string]any{"target": []int{}}}, true, true},
		"its target's name is no end":    {controlclient.Spoil{Set: map[string]any{"target.name": strings.Repeat("x", 1<<20)}}, true, true},
		"its alias has a line break":     {controlclient.Spoil{Set: map[string]any{"target.alias": "a\nb"}}, true, true},
		"it has no svm.uuid":             {controlclient.Spoil{Remove: []string{"svm.uuid"}}, false, true},
		"its svm.uuid is a number":       {controlclient.Spoil{Set: map[string]any{"svm.uuid": 1}}, false, true},
		"its svm.name rings the bell":    {controlclient.Spoil{Set: map[string]any{"svm.name": "svm1\a"}}, true, false},
		"its svm.name is megabytes long": {controlclient.Spoil{Set: map[string]any{"svm.name": strings.Repeat("x", 3<<20)}}, true, false},
		"it does not say whose it is":    {controlclient.Spoil{Remove: []string{"svm"}}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			array, console := withTwo(t)
			c.spoil.SVM = "svm1"
			inject(t, console, controlclient.Fault{Match: polls, Spoil: &c.spoil})
			before := array.Polled()

			found, err := array.Poll(t.Context(), false)

			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(array.Polled()).To(BeTemporally(">", before))
			g.Expect(found.Changed).To(ConsistOf(ontap.SVMRef{UUID: withService, Name: "svm1"}), "what was known of it is not any more")
			for _, svm := range []ontap.SVMRef{{Name: "svm1"}, {UUID: withService}} {
				service, known := array.Find(svm)
				g.Expect(known).To(BeFalse(), "%v: %v", svm, service)
			}
			other, known := array.Find(ontap.SVMRef{Name: "svm3"})
			g.Expect(known).To(BeTrue())
			g.Expect(other.Enabled).To(BeTrue())
			g.Expect(array.Services()).To(ConsistOf(*other))
			_, known = array.Find(ontap.SVMRef{UUID: without})
			g.Expect(known).To(Equal(c.uuids))
			_, known = array.Find(ontap.SVMRef{Name: "svm2"})
			g.Expect(known).To(Equal(c.names))

			g.Expect(console.ClearFaults(t.Context())).To(Succeed())
			found, err = array.Poll(t.Context(), false)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(found.Changed).To(ConsistOf(ontap.SVMRef{UUID: withService, Name: "svm1"}))
			_, known = array.Find(ontap.SVMRef{Name: "svm1"})
			g.Expect(known).To(BeTrue())
			_, known = array.Find(ontap.SVMRef{UUID: without})
			g.Expect(known).To(BeTrue())
		})
	}
}

func TestOddPerformanceDataIsLostAndNothingElse(t *testing.T) {
	for name, c := range map[string]struct {
		field string
		value any
		lost  bool
		want  int64
	}{
		"a fraction is truncated":    {"metric.iops.total", 12.5, false, 12},
		"an exponent is a number":    {"metric.iops.total", jsonText("1.5e3"), false, 1500},
		"text is no number":          {"metric.iops.total", "many", true, 0},
		"too large is no number":     {"metric.iops.total", jsonText("1e300"), true, 0},
		"a list is no sample":        {"metric", []int{1}, true, 0},
		"a date that is none":        {"metric.timestamp", "yesterday", true, 0},
		"a statistic that is a text": {"statistics.iops_raw", "x", false, -1},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			array, console := withTwo(t)
			array.metrics.reset()
			inject(t, console, controlclient.Fault{Match: polls, Spoil: &controlclient.Spoil{SVM: "svm1", Set: map[string]any{c.field: c.value}}})
			_, err := array.Poll(t.Context(), true)
			g.Expect(err).NotTo(HaveOccurred())
			service, known := array.Find(ontap.SVMRef{Name: "svm1"})
			g.Expect(known).To(BeTrue())
			g.Expect(service.Enabled).To(BeTrue())
			g.Expect(service.Metric == nil).To(Equal(c.lost))
			if !c.lost && c.want >= 0 {
				g.Expect(service.Metric.IOPS.Total).To(Equal(c.want))
			}
			g.Expect(service.Statistics == nil).To(Equal(c.want < 0))
			g.Expect(array.MetricsError()).To(Succeed())
			other, _ := array.Find(ontap.SVMRef{Name: "svm3"})
			g.Expect(other.Metric).NotTo(BeNil())
		})
	}
}

// jsonText is JSON as it stands.
type jsonText string

func (j jsonText) MarshalJSON() ([]byte, error) { return []byte(j), nil }

func TestALookAtAnSVMWithAnOddRecordFailsForThatSVMOnly(t *testing.T) {
	g := NewWithT(t)
	array, console := withTwo(t)
	inject(t, console, controlclient.Fault{Match: controlclient.Match{Path: servicesPath}, Spoil: &controlclient.Spoil{SVM: "svm1", Remove: []string{"enabled"}}})
	for range 2 * breakAfter {
		_, err := array.LookUp(t.Context(), ontap.SVMRef{Name: "svm1"}, true)
		g.Expect(err).To(MatchError(ContainSubstring("has no enabled")))
		_, err = array.Confirm(t.Context(), withService)
		g.Expect(err).To(MatchError(ContainSubstring("has no enabled")))
		g.Expect(array.Breaker()).To(Equal("closed"))
	}
	g.Expect(array.MetricsError()).To(Succeed())
	_, err := array.LookUp(t.Context(), ontap.SVMRef{Name: "svm3"}, false)
	g.Expect(err).NotTo(HaveOccurred())
}

func TestAnArrayThatIgnoresCaseIsAskedAboutAnotherSVM(t *testing.T) {
	g := NewWithT(t)
	array, console := withTwo(t)
	inject(t, console, controlclient.Fault{Match: controlclient.Match{Query: "name=svm3"}, Spoil: &controlclient.Spoil{Set: map[string]any{"svm.name": "SVM3"}}})
	inject(t, console, controlclient.Fault{Match: controlclient.Match{Query: "name=svm2"}, Spoil: &controlclient.Spoil{Set: map[string]any{"name": "SVM2"}}})
	inject(t, console, controlclient.Fault{Match: controlclient.Match{Query: "name=svm1"}, Spoil: &controlclient.Spoil{Set: map[string]any{"svm.name": "other"}}})
	found, err := array.LookUp(t.Context(), ontap.SVMRef{Name: "svm3"}, false)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(found).To(BeNil())
	svm, err := array.SVM(t.Context(), ontap.SVMRef{Name: "svm2"})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(svm).To(BeNil())
	for range breakAfter {
		_, err = array.LookUp(t.Context(), ontap.SVMRef{Name: "svm1"}, false)
		g.Expect(err).To(MatchError(ContainSubstring("another SVM")), "what was not asked for at all")
	}
	g.Expect(array.Breaker()).To(Equal("closed"))
}

func TestWhatAnArraySaysIsBounded(t *testing.T) {
	g := NewWithT(t)
	array, console := withTwo(t)
	long := strings.Repeat("x\a", 1<<16)
	inject(t, console, controlclient.Fault{Match: controlclient.Match{Path: "/api/cluster"}, Spoil: &controlclient.Spoil{Set: map[string]any{"name": long, "version.full": long}}})
	cluster, err := array.Identify(t.Context(), "")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(len(cluster.Name)).To(And(BeNumerically(">", 0), BeNumerically("<=", 255)))
	g.Expect(len(cluster.Version.Full)).To(BeNumerically("<=", 255))
	g.Expect(cluster.Name).NotTo(ContainSubstring("\a"))

	array.metrics.reset()
	inject(t, console, controlclient.Fault{Match: polls, Spoil: &controlclient.Spoil{SVM: "svm1", Set: map[string]any{"metric.status": long, "statistics.status": long}}})
	_, err = array.Poll(t.Context(), true)
	g.Expect(err).NotTo(HaveOccurred())
	service, _ := array.Find(ontap.SVMRef{Name: "svm1"})
	g.Expect(len(service.Metric.Status)).To(And(BeNumerically(">", 0), BeNumerically("<=", 64)))
	g.Expect(service.Statistics.Status).NotTo(ContainSubstring("\a"))

	for i := range 300 {
		g.Expect(console.Login(t.Context(), "svm1", fmt.Sprintf("iqn.1998-01.com.example:host%d", i))).To(Succeed())
	}
	count, initiators, err := array.Sessions(t.Context(), withService)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(count).To(Equal(301))
	g.Expect(len(initiators)).To(And(BeNumerically(">", 5), BeNumerically("<=", 100)))
	inject(t, console, controlclient.Fault{Match: controlclient.Match{Path: "/api/protocols/san/iscsi/sessions"}, Spoil: &controlclient.Spoil{Set: map[string]any{"initiator.name": long[:5000]}}})
	_, initiators, err = array.Sessions(t.Context(), withService)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(initiators).To(HaveEach(SatisfyAll(Not(ContainSubstring("\a")), WithTransform(func(s string) int { return len(s) }, BeNumerically("<=", 255)))))
}
