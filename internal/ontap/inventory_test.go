package ontap_test

import (
	"net/http"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

func TestClusterSaysWhoTheArrayIs(t *testing.T) {
	for _, tc := range []struct {
		name, body string
		want       ontap.Cluster
	}{
		{"in full", `{"name": "c1", "uuid": "` + svm2 + `", "version": {"full": "NetApp Release 9.14.1: Tue", "generation": 9, "major": 14, "minor": 1}}`,
			ontap.Cluster{Name: "c1", UUID: svm2, Version: ontap.Version{Full: "NetApp Release 9.14.1: Tue", Generation: 9, Major: 14, Minor: 1}}},
		{"in part, as to an account of one SVM", `{"version": {"full": "NetApp Release 9.14.1", "generation": 9, "major": 14, "minor": 1}}`,
			ontap.Cluster{Version: ontap.Version{Full: "NetApp Release 9.14.1", Generation: 9, Major: 14, Minor: 1}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := NewWithT(t)
			array := answering(t, http.StatusOK, tc.body)
			cluster, err := array.client(t).Cluster(t.Context())
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(cluster.Certificate).NotTo(BeZero(), "that of the connection")
			cluster.Certificate = tc.want.Certificate
			g.Expect(cluster).To(Equal(tc.want))
			g.Expect(array.lines()).To(Equal([]string{"GET /api/cluster?fields=name%2Cuuid%2Cversion"}))
		})
	}
	t.Run("nothing at all is not understood", func(t *testing.T) {
		_, err := answering(t, http.StatusOK, `{}`).client(t).Cluster(t.Context())
		NewWithT(t).Expect(err).To(BeAssignableToTypeOf(&ontap.TransportError{}))
	})
}

func TestVersionsCompare(t *testing.T) {
	g := NewWithT(t)
	v := ontap.Version{Generation: 9, Major: 14, Minor: 1}
	g.Expect(v.AtLeast(9, 14)).To(BeTrue())
	g.Expect(v.AtLeast(9, 7)).To(BeTrue())
	g.Expect(v.AtLeast(8, 20)).To(BeTrue())
	g.Expect(v.AtLeast(9, 15)).To(BeFalse())
	g.Expect(v.AtLeast(10, 0)).To(BeFalse())
	g.Expect(ontap.Version{}.AtLeast(9, 6)).To(BeFalse(), "what is not known is not new enough")
}

func TestSVMs(t *testing.T) {
	g := NewWithT(t)
	array := answering(t, http.StatusOK, `{"num_records": 2, "records": [
		{"uuid": "`+svm1+`", "name": "svm1", "state": "running", "iscsi": {"allowed": true, "enabled": true}, "nvme": {"allowed": "false"}},
		{"uuid": "`+svm2+`", "name": "svm2", "state": "stopped", "iscsi": {"allowed": null}}]}`)

	var svms []ontap.SVM
	for svm, err := range array.client(t).SVMs(t.Context(), ontap.Query{}.Where(ontap.Name, ontap.Like("svm*"))) {
		g.Expect(err).NotTo(HaveOccurred())
		svms = append(svms, svm)
	}

	g.Expect(svms).To(Equal([]ontap.SVM{
		{UUID: svm1, Name: "svm1", State: "running", ISCSI: ontap.ProtocolState{Allowed: true, Enabled: true}},
		{UUID: svm2, Name: "svm2", State: "stopped"},
	}))
	g.Expect(array.lines()).To(Equal([]string{"GET /api/svm/svms?name=svm%2A&fields=name%2Cuuid%2Cstate%2Ciscsi%2Cnvme"}))
}

func TestSessions(t *testing.T) {
	g := NewWithT(t)
	array := answering(t, http.StatusOK, `{"num_records": 1, "records": [{"svm": {"uuid": "`+svm1+`", "name": "svm1"},
		"initiator": {"name": "iqn.1998-01.com.vmware:esx1"}, "target_portal_group": "iscsi_lif_1", "tsih": 7}]}`)

	var sessions []ontap.Session
	for session, err := range array.client(t).Sessions(t.Context(), ontap.Query{}.Where(ontap.SVMUUID, ontap.Equal(svm1))) {
		g.Expect(err).NotTo(HaveOccurred())
		sessions = append(sessions, session)
	}

	g.Expect(sessions).To(Equal([]ontap.Session{{
		SVM: ontap.SVMRef{UUID: svm1, Name: "svm1"}, Initiator: "iqn.1998-01.com.vmware:esx1",
	}}))
	g.Expect(array.lines()).To(Equal([]string{"GET /api/protocols/san/iscsi/sessions?svm.uuid=" + svm1 +
		"&fields=svm.uuid%2Csvm.name%2Cinitiator.name"}))
}

func TestRecordsThatDoNotSayWhoseTheyAreAreNotAccepted(t *testing.T) {
	g := NewWithT(t)
	client := answering(t, http.StatusOK, `{"num_records": 1, "records": [{"name": "svm1", "tsih": 1}]}`).client(t)
	for _, err := range client.SVMs(t.Context(), ontap.Query{}) {
		g.Expect(err).To(MatchError(ContainSubstring("no uuid")))
	}
	for _, err := range client.Sessions(t.Context(), ontap.Query{}) {
		g.Expect(err).To(MatchError(ContainSubstring("no svm.uuid")))
	}
}
