package fleet

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/controlclient"
)

// statuses counts the answers so far by their HTTP status.
func statuses(t *testing.T, console *controlclient.Control) map[int]int {
	t.Helper()
	journal, err := console.Journal(t.Context(), 0)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	counts := map[int]int{}
	for _, request := range journal {
		counts[request.Status]++
	}
	return counts
}

func TestARotatedPasswordCostsOneRefusedLogin(t *testing.T) {
	g := NewWithT(t)
	config, console := start(t)
	arrays := &Fleet{}
	var two []*Array
	for _, name := range []string{"one", "two"} {
		array, err := arrays.Connect(name, config, Limits{})
		g.Expect(err).NotTo(HaveOccurred())
		_, err = array.Identify(t.Context(), "")
		g.Expect(err).NotTo(HaveOccurred())
		_, err = array.Poll(t.Context(), true)
		g.Expect(err).NotTo(HaveOccurred())
		two = append(two, array)
	}
	g.Expect(console.ChangeAccount(t.Context(), "admin", map[string]any{"password": "another", "lockAfter": 3})).To(Succeed())
	g.Expect(console.ClearJournal(t.Context())).To(Succeed())
	idle(two...)
	// What is sent at once is with the array at once.
	inject(t, console, controlclient.Fault{Delay: "100ms"})

	var wait sync.WaitGroup
	errs := make(chan error, 100)
	for _, array := range two {
		for i := range 8 {
			wait.Go(func() {
				_, err := array.LookUp(t.Context(), ontap.SVMRef{Name: fmt.Sprint("svm", i)}, false)
				errs <- err
			})
		}
		wait.Go(func() { _, err := array.Poll(t.Context(), false); errs <- err })
		wait.Go(func() {
			_, err := array.History(t.Context(), withService, ontap.MetricsQuery{}, 1)
			errs <- err
		})
		wait.Go(func() { errs <- array.Delete(t.Context(), withService) })
	}
	wait.Wait()
	close(errs)
	for err := range errs {
		var refusal *ontap.Error
		g.Expect(err).To(BeAssignableToTypeOf(refusal), "%v", err)
		g.Expect(err).To(MatchError(ontap.CodeUnauthorizedUser))
		g.Expect(ontap.MaybeApplied(err)).To(BeFalse())
	}
	g.Expect(statuses(t, console)).To(Equal(map[int]int{http.StatusUnauthorized: 1}))
	account, err := console.Account(context.Background(), "admin")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(account.Locked).To(BeFalse())
	for _, array := range two {
		g.Expect(array.Usable()).To(MatchError(ontap.CodeUnauthorizedUser))
		g.Expect(array.Breaker()).To(Equal("closed"))
	}
}

// idle has the arrays forget that they have just accepted the login.
func idle(arrays ...*Array) {
	for _, array := range arrays {
		array.guard.login.mu.Lock()
		array.guard.login.accepted = time.Time{}
		array.guard.login.mu.Unlock()
	}
}

func TestARefusedLoginIsReportedForAllArraysThatShareIt(t *testing.T) {
	g := NewWithT(t)
	config, console := start(t)
	refused := map[string]int{}
	arrays := &Fleet{OnUnusable: func(name string) { refused[name]++ }}
	connected := map[string]*Array{}
	for _, name := range []string{"one", "two", "idle"} {
		array, err := arrays.Connect(name, config, Limits{})
		g.Expect(err).NotTo(HaveOccurred())
		_, err = array.Identify(t.Context(), "")
		g.Expect(err).NotTo(HaveOccurred())
		_, err = array.Poll(t.Context(), true)
		g.Expect(err).NotTo(HaveOccurred())
		connected[name] = array
	}
	g.Expect(console.ChangeAccount(t.Context(), "admin", map[string]any{"password": "another"})).To(Succeed())
	for range 3 {
		for _, name := range []string{"one", "two"} {
			_, err := connected[name].LookUp(t.Context(), ontap.SVMRef{Name: "svm1"}, false)
			g.Expect(err).To(MatchError(ontap.CodeUnauthorizedUser))
		}
	}
	g.Expect(refused).To(Equal(map[string]int{"one": 1, "two": 1, "idle": 1}), "passes that find the login refused send nothing, so that this is how the clusters learn of it")
}

func TestRequestsGoSideBySideOnceTheLoginIsAccepted(t *testing.T) {
	g := NewWithT(t)
	array, console := polled(t)
	idle(array)
	g.Expect(console.ClearJournal(t.Context())).To(Succeed())
	first, err := console.Hold(t.Context(), controlclient.Match{Path: servicesPath}, controlclient.Before)
	g.Expect(err).NotTo(HaveOccurred())
	errs := make(chan error, 8)
	for i := range 8 {
		go func() {
			_, err := array.LookUp(t.Context(), ontap.SVMRef{Name: fmt.Sprint("svm", i)}, false)
			errs <- err
		}()
	}
	g.Expect(first.Wait(t.Context(), 10*time.Second)).To(Succeed())
	g.Expect(statuses(t, console)).To(Equal(map[int]int{0: 1}), "one finds out, the others wait")
	together, err := console.Hold(t.Context(), controlclient.Match{Path: servicesPath, Count: 7}, controlclient.Before)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(first.Release(t.Context())).To(Succeed())
	g.Eventually(func() map[int]int { return statuses(t, console) }, "10s").Should(Equal(map[int]int{0: 7, http.StatusOK: 1}))
	g.Expect(together.Release(t.Context())).To(Succeed())
	for range 8 {
		g.Expect(<-errs).NotTo(HaveOccurred())
	}
}

func TestAWaitThatEndsIsNotCountedAgainstTheArray(t *testing.T) {
	g := NewWithT(t)
	array, console := polled(t)
	idle(array)
	g.Expect(console.ClearJournal(t.Context())).To(Succeed())
	first, err := console.Hold(t.Context(), controlclient.Match{Path: servicesPath}, controlclient.Before)
	g.Expect(err).NotTo(HaveOccurred())
	done := make(chan error)
	go func() {
		_, err := array.LookUp(t.Context(), ontap.SVMRef{Name: "svm1"}, false)
		done <- err
	}()
	g.Expect(first.Wait(t.Context(), 10*time.Second)).To(Succeed())
	for i := range 2 * breakAfter {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		err := array.Update(ctx, fmt.Sprintf("%08d-2222-3333-4444-555555555555", i), ontap.ServiceUpdate{Enabled: new(false)})
		cancel()
		g.Expect(err).To(MatchError(context.DeadlineExceeded))
		g.Expect(ontap.MaybeApplied(err)).To(BeFalse(), "it was not sent")
	}
	g.Expect(array.Breaker()).To(Equal("closed"))
	g.Expect(first.Release(t.Context())).To(Succeed())
	g.Expect(<-done).NotTo(HaveOccurred())
	g.Expect(statuses(t, console)).To(Equal(map[int]int{http.StatusOK: 1}))
}

// enters makes a request and returns whether it may be sent now, and the function to call when it has ended.
func (l *login) enters(g Gomega) (ended func(error)) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	ended, _, err := l.admit(ctx)
	g.Expect(err).To(Or(BeNil(), MatchError(context.Canceled), MatchError(errLogin)))
	return ended
}

func TestWhichRequestMayFindOutAboutALogin(t *testing.T) {
	bubble := func(name string, test func(t *testing.T, g Gomega, l *login)) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, NewWithT(t), &login{}) })
		})
	}
	bubble("the next one, when the first went unanswered", func(_ *testing.T, g Gomega, l *login) {
		for range 3 {
			first := l.enters(g)
			g.Expect(first).NotTo(BeNil())
			g.Expect(l.enters(g)).To(BeNil())
			first(errSilence)
		}
	})
	bubble("the next one, when the first takes its time", func(t *testing.T, g Gomega, l *login) {
		first := l.enters(g)
		began := time.Now()
		second, waited, err := l.admit(t.Context())
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(waited).To(BeTrue())
		g.Expect(time.Since(began)).To(Equal(firstFor))
		first(errSilence)
		g.Expect(l.enters(g)).To(BeNil(), "the second is under way")
		second(nil)
		g.Expect(l.enters(g)).NotTo(BeNil())
	})
	bubble("no request, after a refusal, until it is tried again", func(_ *testing.T, g Gomega, l *login) {
		l.enters(g)(errLogin)
		g.Expect(l.enters(g)).To(BeNil())
		later(loginPause)
		again := l.enters(g)
		g.Expect(again).NotTo(BeNil())
		g.Expect(l.enters(g)).To(BeNil(), "one of all that wait")
		again(nil)
		g.Expect(l.refused(math.MaxInt64)).To(Succeed())
	})
	bubble("no request, though an answer comes late that the login was good for", func(_ *testing.T, g Gomega, l *login) {
		l.enters(g)(nil)
		slow := l.enters(g)
		later(time.Second)
		l.enters(g)(errLogin)
		slow(nil)
		g.Expect(l.refused(loginPause)).To(BeIdenticalTo(errLogin))
		g.Expect(l.enters(g)).To(BeNil())
	})
	bubble("all requests, while answers keep coming", func(_ *testing.T, g Gomega, l *login) {
		l.enters(g)(nil)
		for range 10 {
			one, another := l.enters(g), l.enters(g)
			later(acceptedFor - time.Millisecond)
			one(&ontap.Error{Status: http.StatusNotFound, Code: ontap.CodeServiceNotFound})
			another(nil)
		}
		later(acceptedFor)
		g.Expect(l.enters(g)).NotTo(BeNil())
		g.Expect(l.enters(g)).To(BeNil())
	})
	bubble("one at a time, while it is not known whether the array has checked the login", func(_ *testing.T, g Gomega, l *login) {
		for _, answer := range []error{errBusy, &ontap.Error{Status: http.StatusForbidden}, &ontap.TransportError{Answered: true}} {
			l.enters(g)(answer)
			g.Expect(l.accepted).To(BeZero())
		}
	})
}

func TestALoginIsThatOfOneEndpointAndOneAccount(t *testing.T) {
	g := NewWithT(t)
	arrays := &Fleet{}
	config := ontap.Config{Endpoint: "https://192.0.2.1", App: "test/1", Credentials: ontap.Credentials{Username: "a", Password: "bc"}}
	connect := func(name string, change func(*ontap.Config)) *login {
		changed := config
		change(&changed)
		array, err := arrays.Connect(name, changed, Limits{})
		g.Expect(err).NotTo(HaveOccurred())
		return array.guard.login
	}
	one := connect("one", func(*ontap.Config) {})
	g.Expect(connect("two", func(c *ontap.Config) { c.TLS.ServerName = "array" })).To(BeIdenticalTo(one))
	for name, change := range map[string]func(*ontap.Config){
		"another endpoint": func(c *ontap.Config) { c.Endpoint = "https://192.0.2.2" },
		"another password": func(c *ontap.Config) { c.Credentials.Password = "b" },
		"another account":  func(c *ontap.Config) { c.Credentials = ontap.Credentials{Username: "ab", Password: "c"} },
	} {
		g.Expect(connect(name, change)).NotTo(BeIdenticalTo(one), name)
	}
	arrays.Disconnect("one")
	g.Expect(connect("three", func(*ontap.Config) {})).To(BeIdenticalTo(one))
	for name := range arrays.Arrays() {
		arrays.Disconnect(name)
	}
	g.Expect(arrays.logins).To(BeEmpty())
}

// BenchmarkLogin is what a request costs while the login is accepted, of eight at a time.
func BenchmarkLogin(b *testing.B) {
	l := &login{}
	b.ReportAllocs()
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			ended, _, err := l.admit(context.Background())
			if err != nil {
				b.Error(err)
				return
			}
			ended(nil)
		}
	})
}
