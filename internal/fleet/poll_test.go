package fleet

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/controlclient"
)

const (
	servicesPath = "/api/protocols/san/iscsi/services"
	withMetrics  = "metric"
)

// crowded returns an array that is ready for use, with services on the SVMs svm1 to svm4, two on each page.
func crowded(t *testing.T) (*Array, *controlclient.Control) {
	t.Helper()
	g := NewWithT(t)
	array, console := polled(t)
	for i := 2; i <= 4; i++ {
		svm := fmt.Sprint("svm", i)
		if i > 2 {
			g.Expect(console.CreateSVM(t.Context(), controlclient.SVM{Name: svm, ISCSI: controlclient.ISCSI{Allowed: true}})).To(Succeed())
		}
		g.Expect(console.PutService(t.Context(), svm, controlclient.SVMService{})).To(Succeed())
	}
	inject(t, console, controlclient.Fault{Match: controlclient.Match{Path: servicesPath}, PageLimit: 2})
	found, err := array.Poll(t.Context(), true)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(found.Services).To(Equal(4))
	g.Expect(console.ClearJournal(t.Context())).To(Succeed())
	return array, console
}

func inject(t *testing.T, console *controlclient.Control, fault controlclient.Fault) {
	t.Helper()
	_, err := console.InjectFault(t.Context(), fault)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
}

// sent are the requests so far: method and path, and "metrics" if these were asked for.
func sent(t *testing.T, console *controlclient.Control) (sent []string) {
	t.Helper()
	journal, err := console.Journal(t.Context(), 0)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	for _, request := range journal {
		line := request.Method + " " + strings.TrimPrefix(request.Path, "/api/")
		if strings.Contains(request.Query, withMetrics) {
			line += " metrics"
		}
		sent = append(sent, line)
	}
	return sent
}

func TestAPollIsOneRequestAPage(t *testing.T) {
	g := NewWithT(t)
	array, console := crowded(t)
	found, err := array.Poll(t.Context(), false)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(found).To(Equal(Poll{Services: 4, Changed: nil}))
	page := "GET protocols/san/iscsi/services"
	g.Expect(sent(t, console)).To(HaveEach(page))
	g.Expect(len(sent(t, console))).To(BeNumerically("<=", 3), "two pages, and what follows a page that was full")
}

func TestAPollThatBreaksOffChangesNothing(t *testing.T) {
	for name, fault := range map[string]controlclient.Fault{
		"the second page is cut off":         {Body: "truncated"},
		"the second page is half the JSON":   {Body: "cut"},
		"the second page is empty":           {Body: "empty"},
		"the second page is the first again": {RepeatPage: true},
		"the second page is refused":         {Status: http.StatusInternalServerError, Code: "4"},
		"the connection ends after a page":   {Reset: controlclient.Before},
		"the operator is logged out early":   {Status: http.StatusUnauthorized, Code: "6691623"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			array, console := crowded(t)
			before, began := array.Services(), array.Polled()
			g.Expect(console.DeleteService(t.Context(), "svm1")).To(Succeed())
			g.Expect(console.ChangeService(t.Context(), "svm3", controlclient.SVMService{Enabled: new(false)})).To(Succeed())
			g.Expect(console.ClearFaults(t.Context())).To(Succeed())
			// What a next link leads to has a start key.
			fault.Path, fault.Query = servicesPath, "start."
			if fault.RepeatPage {
				fault.Query = ""
				fault.PageLimit = 2
			}
			inject(t, console, fault)
			inject(t, console, controlclient.Fault{Match: controlclient.Match{Path: servicesPath}, PageLimit: 2})
			_, err := array.Poll(t.Context(), false)
			g.Expect(err).To(HaveOccurred())
			g.Expect(array.Services()).To(ConsistOf(before))
			g.Expect(array.Polled()).To(Equal(began))
		})
	}
}

func TestAServiceThatSlipsOutOfAPollIsLookedFor(t *testing.T) {
	g := NewWithT(t)
	array, console := crowded(t)
	uuid := func(svm string) string {
		found, err := console.SVM(t.Context(), svm)
		g.Expect(err).NotTo(HaveOccurred())
		return found.UUID
	}
	last := uuid("svm4")
	// Pages go by name: what is renamed from the second to the first is on neither, the other way round on both.
	hold, err := console.Hold(t.Context(), controlclient.Match{Path: servicesPath, Query: "start."}, controlclient.Before)
	g.Expect(err).NotTo(HaveOccurred())
	result := make(chan Poll)
	go func() {
		defer close(result)
		polled, err := array.Poll(t.Context(), false)
		g.Expect(err).NotTo(HaveOccurred())
		result <- polled
	}()
	g.Expect(hold.Wait(t.Context(), 10*time.Second)).To(Succeed())
	g.Expect(console.ChangeSVM(t.Context(), "svm1", map[string]any{"name": "svm9"})).To(Succeed())
	g.Expect(console.ChangeSVM(t.Context(), "svm4", map[string]any{"name": "svm0"})).To(Succeed())
	g.Expect(hold.Release(t.Context())).To(Succeed())
	found := <-result
	g.Expect(found.Services).To(Equal(3), "one is counted once, and one is missed")
	g.Expect(found.Changed).To(ConsistOf(
		ontap.SVMRef{UUID: withService, Name: "svm1"}, ontap.SVMRef{UUID: withService, Name: "svm9"}, ontap.SVMRef{UUID: last, Name: "svm4"}))
	service, known := array.Find(ontap.SVMRef{UUID: withService})
	g.Expect(known).To(BeTrue())
	g.Expect(service.SVM.Name).To(Equal("svm9"))
	finding, err := array.Confirm(t.Context(), last)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(finding.Absent).To(BeFalse(), "a collection proves no absence")
	service, _ = array.Find(ontap.SVMRef{Name: "svm0"})
	g.Expect(service).NotTo(BeNil())
}

func TestWritesGoThroughToTheSnapshot(t *testing.T) {
	g := NewWithT(t)
	array, console := polled(t)
	find := func(svm string) *ontap.Service {
		service, known := array.Find(ontap.SVMRef{Name: svm})
		g.Expect(known).To(BeTrue())
		return service
	}
	g.Expect(find("svm2")).To(BeNil())
	// The poll began before the writes, and has seen none of them.
	hold, err := console.Hold(t.Context(), controlclient.Match{Method: http.MethodGet, Path: servicesPath}, controlclient.After)
	g.Expect(err).NotTo(HaveOccurred())
	stale := make(chan error)
	go func() {
		_, err := array.Poll(t.Context(), false)
		stale <- err
	}()
	g.Expect(hold.Wait(t.Context(), 10*time.Second)).To(Succeed())
	created, err := array.Create(t.Context(), ontap.ServiceCreate{SVM: ontap.SVMRef{Name: "svm2"}})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(find("svm2").Target).To(Equal(created.Target))
	g.Expect(array.Update(t.Context(), withService, ontap.ServiceUpdate{Enabled: new(false), Alias: new("mine")})).To(Succeed())
	g.Expect(array.Update(t.Context(), without, ontap.ServiceUpdate{Enabled: new(false)})).To(Succeed())
	g.Expect(hold.Release(t.Context())).To(Succeed())
	g.Expect(<-stale).To(Succeed())
	g.Expect(find("svm2")).NotTo(BeNil())
	g.Expect(find("svm1").Enabled).To(BeFalse())
	g.Expect(find("svm1").Target.Alias).To(Equal("mine"))

	g.Expect(array.Delete(t.Context(), without)).To(Succeed())
	g.Expect(find("svm2")).To(BeNil())
}

func TestAnUnansweredWriteIsUnknownUntilALaterRead(t *testing.T) {
	for name, write := range map[string]func(t *testing.T, a *Array) error{
		"create": func(t *testing.T, a *Array) error {
			_, err := a.Create(t.Context(), ontap.ServiceCreate{SVM: ontap.SVMRef{Name: "svm2"}})
			return err
		},
		"update": func(t *testing.T, a *Array) error {
			return a.Update(t.Context(), withService, ontap.ServiceUpdate{Alias: new("mine")})
		},
		"delete": func(t *testing.T, a *Array) error { return a.Delete(t.Context(), withService) },
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			array, console := polled(t)
			svm := ontap.SVMRef{Name: map[bool]string{true: "svm2", false: "svm1"}[name == "create"]}
			inject(t, console, controlclient.Fault{Match: controlclient.Match{SVM: svm.Name, Count: 1}, Reset: controlclient.After})
			g.Expect(ontap.MaybeApplied(write(t, array))).To(BeTrue())
			_, known := array.Find(svm)
			g.Expect(known).To(BeFalse())
			_, err := array.Poll(t.Context(), false)
			g.Expect(err).NotTo(HaveOccurred())
			_, known = array.Find(svm)
			g.Expect(known).To(BeTrue())
		})
	}
}

func TestTheArrayProvesWhoItIsByItsServices(t *testing.T) {
	g := NewWithT(t)
	array, console := polled(t)
	g.Expect(console.ClearJournal(t.Context())).To(Succeed())
	_, err := array.Poll(t.Context(), false)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(sent(t, console)).To(Equal([]string{"GET protocols/san/iscsi/services"}))

	g.Expect(console.DeleteService(t.Context(), "svm1")).To(Succeed())
	before := array.Services()
	g.Expect(console.ChangeCluster(t.Context(), map[string]any{"uuid": unknown})).To(Succeed())
	_, err = array.Poll(t.Context(), false)
	var changed *ChangedError
	g.Expect(errors.As(err, &changed)).To(BeTrue())
	g.Expect(array.Services()).To(Equal(before), "what another array has is no news of this one")
}

func TestPerformanceDataIsAskedForWhenThereCanBeMore(t *testing.T) {
	g := NewWithT(t)
	array, console := polled(t)
	g.Expect(array.Services()[0].Metric).NotTo(BeNil())
	g.Expect(console.ClearJournal(t.Context())).To(Succeed())
	_, err := array.Poll(t.Context(), true)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(sent(t, console)).To(Equal([]string{"GET protocols/san/iscsi/services"}), "the last sample is the latest one")
	g.Expect(array.Services()[0].Metric).NotTo(BeNil())

	_, err = array.Poll(t.Context(), false)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(array.Services()[0].Metric).To(BeNil(), "it is not wanted")
	g.Expect(array.Sampled()).To(BeZero())
}

func TestThrottledPerformanceDataIsLeftOut(t *testing.T) {
	for name, fault := range map[string]controlclient.Fault{
		"429":                  {Status: http.StatusTooManyRequests, Code: "7"},
		"503":                  {Status: http.StatusServiceUnavailable, Code: "262160"},
		"8585947":              {Status: http.StatusNotFound, Code: "8585947"},
		"an unheard-of status": {Status: http.StatusTeapot, Code: "1"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			config, console := start(t)
			array := connect(t, &Fleet{}, config)
			_, err := array.Identify(t.Context(), "")
			g.Expect(err).NotTo(HaveOccurred())
			fault.Query = withMetrics
			inject(t, console, fault)
			found, err := array.Poll(t.Context(), true)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(found.Services).To(Equal(1))
			var refusal *ontap.Error
			g.Expect(errors.As(array.MetricsError(), &refusal)).To(BeTrue())
			g.Expect(refusal.Status).To(Equal(fault.Status))

			service, err := array.LookUp(t.Context(), ontap.SVMRef{Name: "svm1"}, true)
			g.Expect(err).NotTo(HaveOccurred(), "a look does without, too")
			g.Expect(service).NotTo(BeNil())
		})
	}
}

func TestAnOldONTAPIsNotAskedForPerformanceData(t *testing.T) {
	g := NewWithT(t)
	config, console := start(t)
	g.Expect(console.ChangeCluster(t.Context(), map[string]any{"version": "9.6.0"})).To(Succeed())
	array := connect(t, &Fleet{}, config)
	_, err := array.Identify(t.Context(), "")
	g.Expect(err).NotTo(HaveOccurred())
	_, err = array.Poll(t.Context(), true)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(array.MetricsError()).To(MatchError(ErrMetricsNotSupported))
	g.Expect(sent(t, console)).To(Equal([]string{"GET cluster", "GET protocols/san/iscsi/services"}))
}

func TestWhenToAskForPerformanceDataAgain(t *testing.T) {
	throttled := &ontap.Error{Status: http.StatusTooManyRequests}
	for _, c := range []struct {
		name     string
		err      error
		repeat   bool
		after    time.Duration
		reported bool
	}{
		{"when there can be another sample", nil, false, samplePeriod, false},
		{"some minutes after it was too much", throttled, true, throttlePause, true},
		{"not before the array says so", &ontap.Error{Status: http.StatusServiceUnavailable, RetryAfter: time.Hour}, true, time.Hour, true},
		{"at the next poll after it failed", &ontap.Error{Status: http.StatusNotFound, Code: ontap.CodeMetricsUnavailable}, true, 0, true},
		{"not in the poll that follows an unanswered one", errSilence, false, samplePeriod, false},
		{"at once after a login was refused", errLogin, false, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := NewWithT(t)
				var m metricsState
				g.Expect(m.record(c.err, time.Now())).To(Equal(c.repeat))
				g.Expect(m.err != nil).To(Equal(c.reported))
				if c.after > 0 {
					later(c.after - time.Nanosecond)
					g.Expect(m.due(ontap.Version{}, time.Now())).To(BeFalse())
					later(time.Nanosecond)
				}
				g.Expect(m.due(ontap.Version{}, time.Now())).To(BeTrue())
				m.reset()
				g.Expect(m.due(ontap.Version{}, time.Now())).To(BeTrue())
				g.Expect(m.err).To(Succeed())
			})
		})
	}
}
