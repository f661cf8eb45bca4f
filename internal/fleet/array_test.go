package fleet

import (
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/controlclient"
)

const (
	withService = "11111111-2222-3333-4444-555555555555"
	without     = "66666666-2222-3333-4444-555555555555"
	unknown     = "99999999-2222-3333-4444-555555555555"

	scenario = `
cluster: {name: array1, version: 9.16.1}
accounts:
- {name: admin, password: netapp123, role: admin}
- {name: scoped, password: netapp123, svm: svm1}
svms:
- {name: svm1, uuid: ` + withService + `, service: {enabled: true}, sessions: [{initiator: "iqn.1998-01.com.example:host1"}]}
- {name: svm2, uuid: ` + without + `}
`
)

// start starts an array, and returns how to reach it and its console.
func start(t *testing.T) (ontap.Config, *controlclient.Control) {
	t.Helper()
	g := NewWithT(t)
	parsed, err := simulator.ParseScenario([]byte(scenario))
	g.Expect(err).NotTo(HaveOccurred())
	array, err := simulator.Start(simulator.Options{Scenario: parsed, Listen: "127.0.0.1:0", Control: "127.0.0.1:0"})
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { g.Expect(array.Close()).To(Succeed()) })
	return ontap.Config{
		Endpoint: array.URL, App: "test/1",
		Credentials: ontap.Credentials{Username: "admin", Password: "netapp123"},
		TLS:         ontap.TLS{CA: array.CA()},
	}, &controlclient.Control{URL: array.ControlURL}
}

func connect(t *testing.T, fleet *Fleet, config ontap.Config) *Array {
	t.Helper()
	array, err := fleet.Connect("default", config, Limits{})
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return array
}

// polled returns an array that is ready for use.
func polled(t *testing.T) (*Array, *controlclient.Control) {
	t.Helper()
	g := NewWithT(t)
	config, console := start(t)
	array := connect(t, &Fleet{}, config)
	_, err := array.Identify(t.Context(), "")
	g.Expect(err).NotTo(HaveOccurred())
	_, err = array.Poll(t.Context(), true)
	g.Expect(err).NotTo(HaveOccurred())
	return array, console
}

func TestNothingIsSentBeforeTheArrayIsIdentified(t *testing.T) {
	g := NewWithT(t)
	config, console := start(t)
	array := connect(t, &Fleet{}, config)
	_, known := array.Find(ontap.SVMRef{Name: "svm1"})
	g.Expect(known).To(BeFalse())
	_, err := array.LookUp(t.Context(), ontap.SVMRef{Name: "svm1"}, false)
	g.Expect(err).To(MatchError(ErrNotIdentified))
	_, err = array.Poll(t.Context(), false)
	g.Expect(err).To(MatchError(ErrNotIdentified))
	_, err = array.Confirm(t.Context(), without)
	g.Expect(err).To(MatchError(ErrNotIdentified))
	_, err = array.Create(t.Context(), ontap.ServiceCreate{SVM: ontap.SVMRef{UUID: without}})
	g.Expect(err).To(MatchError(ErrNotIdentified))
	g.Expect(array.Delete(t.Context(), withService)).To(MatchError(ErrNotIdentified))
	journal, err := console.Journal(t.Context(), 0)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(journal).To(BeEmpty())
}

func TestConnectKeepsAnArrayUntilItsConfigChanges(t *testing.T) {
	g := NewWithT(t)
	config, _ := start(t)
	var fleet Fleet
	array := connect(t, &fleet, config)
	_, err := array.Identify(t.Context(), "")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(array.Usable()).To(MatchError(ErrNotPolled))
	g.Expect(connect(t, &fleet, config)).To(BeIdenticalTo(array))

	config.Credentials.Password = "another"
	other := connect(t, &fleet, config)
	g.Expect(other).NotTo(BeIdenticalTo(array))
	g.Expect(other.Usable()).To(MatchError(ErrNotIdentified))
	g.Expect(array.Usable()).To(MatchError(ErrNotIdentified), "nothing more is sent with the old password")
	fleet.Disconnect("default")
	_, connected := fleet.Array("default")
	g.Expect(connected).To(BeFalse())
}

func TestWhatCannotBeSetUpReplacesAnArrayAllTheSame(t *testing.T) {
	g := NewWithT(t)
	config, _ := start(t)
	var fleet Fleet
	array := connect(t, &fleet, config)
	_, err := array.Identify(t.Context(), "")
	g.Expect(err).NotTo(HaveOccurred())
	config.TLS.CA = []byte("-----BEGIN CERTIFICATE-----")
	_, err = fleet.Connect("default", config, Limits{})
	g.Expect(err).To(HaveOccurred())
	g.Expect(array.Usable()).To(MatchError(ErrNotIdentified))
	g.Expect(fleet.Arrays()).To(BeEmpty())
}

func TestLookProvesPresenceOnly(t *testing.T) {
	g := NewWithT(t)
	array, _ := polled(t)
	for _, svm := range []ontap.SVMRef{{Name: "svm1"}, {UUID: withService}} {
		service, err := array.LookUp(t.Context(), svm, false)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(service.SVM.UUID).To(Equal(withService))
	}
	for _, svm := range []ontap.SVMRef{{Name: "svm2"}, {Name: "svm3"}, {UUID: unknown}} {
		service, err := array.LookUp(t.Context(), svm, false)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(service).To(BeNil())
	}
}

func TestConfirmTellsAbsenceFromTrouble(t *testing.T) {
	for _, c := range []struct {
		name  string
		uuid  string
		fault *controlclient.Fault
		want  Finding
		err   bool
	}{
		{name: "a service that is there", uuid: withService, want: Finding{Service: &ontap.Service{}}},
		{name: "an SVM without a service", uuid: without, want: Finding{Absent: true}},
		{name: "an SVM that is gone", uuid: unknown, want: Finding{Absent: true, SVMGone: true}},
		{name: "404 with code 4", uuid: withService, fault: &controlclient.Fault{Status: 404, Code: "4"}, want: Finding{Absent: true}},
		{name: "404 with another code", uuid: withService, fault: &controlclient.Fault{Status: 404, Code: "3"}, err: true},
		{name: "code 4 with another status", uuid: withService, fault: &controlclient.Fault{Status: 500, Code: "4"}, err: true},
		{name: "an empty body", uuid: without, fault: &controlclient.Fault{Body: "empty"}, err: true},
		{name: "HTML", uuid: without, fault: &controlclient.Fault{Body: "html"}, err: true},
		{name: "401", uuid: without, fault: &controlclient.Fault{Status: 401, Code: "6691623"}, err: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := NewWithT(t)
			array, console := polled(t)
			if c.fault != nil {
				c.fault.Path = "/api/protocols/san/iscsi/services/"
				inject(t, console, *c.fault)
			}
			finding, err := array.Confirm(t.Context(), c.uuid)
			g.Expect(err != nil).To(Equal(c.err), "%v", err)
			g.Expect(finding.Absent).To(Equal(c.want.Absent))
			g.Expect(finding.SVMGone).To(Equal(c.want.SVMGone))
			g.Expect(finding.Service != nil).To(Equal(c.want.Service != nil))
		})
	}
}

func TestAbsenceFromAnotherArrayIsNone(t *testing.T) {
	g := NewWithT(t)
	array, console := polled(t)
	g.Expect(console.ChangeCluster(t.Context(), map[string]any{"uuid": unknown})).To(Succeed())
	finding, err := array.Confirm(t.Context(), without)
	var changed *ChangedError
	g.Expect(err).To(BeAssignableToTypeOf(changed))
	g.Expect(finding.Absent).To(BeFalse())
	g.Expect(array.Usable()).To(MatchError(ErrNotIdentified), "nothing is written to it")
}

func TestAnsweredAbsenceOfAWriteNeedsTheSameArray(t *testing.T) {
	g := NewWithT(t)
	array, console := polled(t)
	g.Expect(console.ChangeCluster(t.Context(), map[string]any{"uuid": unknown})).To(Succeed())
	var changed *ChangedError
	g.Expect(array.Delete(t.Context(), without)).To(BeAssignableToTypeOf(changed))
}

func TestAnAccountThatDoesNotSeeTheArrayIsRefused(t *testing.T) {
	g := NewWithT(t)
	config, _ := start(t)
	config.Credentials.Username = "scoped"
	array := connect(t, &Fleet{}, config)
	_, err := array.Identify(t.Context(), "")
	g.Expect(err).To(MatchError(ErrNoIdentity))
	g.Expect(array.Usable()).To(MatchError(ErrNotIdentified))
}

func TestARefusedLoginIsNotRepeated(t *testing.T) {
	g := NewWithT(t)
	array, console := polled(t)
	g.Expect(console.ChangeAccount(t.Context(), "admin", map[string]any{"password": "another"})).To(Succeed())
	g.Expect(console.ClearJournal(t.Context())).To(Succeed())
	for range 3 {
		_, err := array.LookUp(t.Context(), ontap.SVMRef{Name: "svm1"}, false)
		g.Expect(err).To(HaveOccurred())
		_, err = array.Identify(t.Context(), "")
		g.Expect(err).To(HaveOccurred())
	}
	journal, err := console.Journal(t.Context(), 0)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(journal).To(HaveLen(1))
}

func TestSessionsAreCountedAndNamed(t *testing.T) {
	g := NewWithT(t)
	array, console := polled(t)
	count, initiators, err := array.Sessions(t.Context(), withService)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(count).To(Equal(1))
	g.Expect(initiators).To(Equal([]string{"iqn.1998-01.com.example:host1"}))

	g.Expect(console.ClearJournal(t.Context())).To(Succeed())
	count, _, err = array.Sessions(t.Context(), without)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(count).To(BeZero())
	journal, err := console.Journal(t.Context(), 0)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(journal).To(HaveLen(1), "one count is enough where there are none")
}

// replaceable returns an array that is ready for use, whatever certificate it shows, and who it is. What replaces it at
// its address has another certificate, and that UUID.
func replaceable(t *testing.T) (array *Array, found ontap.Cluster, replace func(uuid string) *controlclient.Control) {
	t.Helper()
	g := NewWithT(t)
	parsed, err := simulator.ParseScenario([]byte(scenario))
	g.Expect(err).NotTo(HaveOccurred())
	startAt := func(address string) *simulator.Simulator {
		array, err := simulator.Start(simulator.Options{Scenario: parsed, Listen: address, Control: "127.0.0.1:0"})
		g.Expect(err).NotTo(HaveOccurred())
		t.Cleanup(func() { _ = array.Close() })
		return array
	}
	one := startAt("127.0.0.1:0")
	array = connect(t, &Fleet{}, ontap.Config{
		Endpoint: one.URL, App: "test/1",
		Credentials: ontap.Credentials{Username: "admin", Password: "netapp123"},
		TLS:         ontap.TLS{InsecureSkipVerify: true},
	})
	found, err = array.Identify(t.Context(), "")
	g.Expect(err).NotTo(HaveOccurred())
	_, err = array.Poll(t.Context(), true)
	g.Expect(err).NotTo(HaveOccurred())
	return array, found, func(uuid string) *controlclient.Control {
		g.Expect(one.Close()).To(Succeed())
		array.client.Close()
		console := &controlclient.Control{URL: startAt(strings.TrimPrefix(one.URL, "https://")).ControlURL}
		g.Expect(console.ChangeCluster(t.Context(), map[string]any{"uuid": uuid})).To(Succeed())
		return console
	}
}

func TestAnotherArrayIsFoundByItsCertificateBeforeAnythingIsSentToIt(t *testing.T) {
	g := NewWithT(t)
	array, found, replace := replaceable(t)
	console := replace(unknown)
	create := func() error {
		_, err := array.Create(t.Context(), ontap.ServiceCreate{SVM: ontap.SVMRef{Name: "svm2"}})
		return err
	}
	heard := func() (paths []string) {
		journal, err := console.Journal(t.Context(), 0)
		g.Expect(err).NotTo(HaveOccurred())
		for _, request := range journal {
			paths = append(paths, request.Method+" "+request.Path)
		}
		return paths
	}
	var wait sync.WaitGroup
	for range DefaultInFlight {
		wait.Go(func() { _ = create() })
	}
	wait.Wait()
	g.Expect(heard()).NotTo(BeEmpty())
	g.Expect(heard()).To(HaveEach("GET /api/cluster"), "the other array was asked for nothing but its identity")
	g.Expect(array.Usable()).To(MatchError(ErrNotIdentified))
	g.Expect(create()).To(MatchError(ErrNotIdentified))

	// The same array with a new certificate is taken for what it is.
	g.Expect(console.ChangeCluster(t.Context(), map[string]any{"uuid": found.UUID})).To(Succeed())
	array.identity.last.Store(&identified{Cluster: found, at: time.Now()})
	g.Expect(create()).To(Succeed())
	g.Expect(array.Usable()).To(Succeed())
}

func TestAnArrayThatWasSilentMayComeBackWithANewCertificate(t *testing.T) {
	g := NewWithT(t)
	array, found, replace := replaceable(t)
	poll := func() error {
		_, err := array.Poll(t.Context(), false)
		return err
	}
	array.guard.interrupt(t.Context())
	g.Expect(array.Usable()).To(MatchError(errSilence.Err))
	console := replace(found.UUID)
	inject(t, console, controlclient.Fault{Match: controlclient.Match{Path: "/api/cluster", Count: 1}, Reset: controlclient.Before})
	array.guard.breaker.HalfOpen() // what it becomes when its delay has passed
	g.Expect(poll()).NotTo(Succeed())
	g.Expect(array.Breaker()).To(Equal("open"), "one call finds out that it does not say who it is")

	array.guard.breaker.HalfOpen()
	g.Expect(poll()).To(Succeed())
	g.Expect(array.Usable()).To(Succeed())
	g.Expect(array.Breaker()).To(Equal("closed"))
}
