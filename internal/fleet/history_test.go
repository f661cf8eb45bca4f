package fleet

import (
	"net/http"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/controlclient"
)

func TestHistoryFollowsThePagesUpToItsLimit(t *testing.T) {
	g := NewWithT(t)
	array, console := polled(t)
	newest := ontap.MetricsQuery{Interval: ontap.LastDay, Query: ontap.Query{}.OrderBy(ontap.Timestamp, ontap.Descending)}
	whole, err := array.History(t.Context(), withService, newest, 1000)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(whole).To(HaveLen(288))

	_, err = console.InjectFault(t.Context(), controlclient.Fault{PageLimit: 7})
	g.Expect(err).NotTo(HaveOccurred())
	some, err := array.History(t.Context(), withService, newest, 20)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(some).To(HaveLen(20), "three pages")
	g.Expect(some[19].Timestamp).To(Equal(some[0].Timestamp.Add(-19 * 5 * time.Minute)))

	one, err := array.Sample(t.Context(), withService, some[3].Timestamp, ontap.IOPSTotal)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(one.Timestamp).To(Equal(some[3].Timestamp))
}

func TestAHistoryThatEndsInTroubleIsNone(t *testing.T) {
	g := NewWithT(t)
	array, console := polled(t)
	_, err := console.InjectFault(t.Context(), controlclient.Fault{PageLimit: 7, Match: controlclient.Match{Count: 1}})
	g.Expect(err).NotTo(HaveOccurred())
	_, err = console.InjectFault(t.Context(), controlclient.Fault{Status: http.StatusInternalServerError, Code: "8586225"})
	g.Expect(err).NotTo(HaveOccurred())
	samples, err := array.History(t.Context(), withService, ontap.MetricsQuery{}, 1000)
	g.Expect(err).To(MatchError(ontap.CodeMetricsFailed))
	g.Expect(samples).To(BeEmpty(), "a part of a history is no history")
}

func TestASlowHistorySaysNothingAboutTheArray(t *testing.T) {
	g := NewWithT(t)
	array, console := polled(t)
	_, err := console.InjectFault(t.Context(), controlclient.Fault{
		Match: controlclient.Match{Path: "/api/protocols/san/iscsi/services/" + withService + "/metrics"}, Reset: controlclient.Before,
	})
	g.Expect(err).NotTo(HaveOccurred())
	for range breakAfter + 1 {
		_, err := array.History(t.Context(), withService, ontap.MetricsQuery{}, 10)
		g.Expect(err).To(HaveOccurred())
	}
	g.Expect(array.Usable()).To(Succeed())
}
