package fleet

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/controlclient"
)

var (
	errSilence = &ontap.TransportError{Operation: "call", Err: errors.New("no answer")}
	errLogin   = &ontap.Error{Operation: "call", Status: http.StatusUnauthorized, Code: ontap.CodeUnauthorizedUser}
	errBusy    = &ontap.Error{Operation: "call", Status: http.StatusServiceUnavailable}
)

// ends makes a call that ends like that, and reports whether it was made, and what became of it.
func (g *callGuard) ends(ctx context.Context, with error) (made bool, err error) {
	err = g.call(ctx, "", func() error {
		ended, err := g.admit(ctx)
		if errors.As(err, new(*ontap.Error)) {
			return err
		} else if err != nil {
			return &ontap.TransportError{Operation: "call", Err: err}
		}
		made = true
		ended(with)
		return with
	})
	return made, err
}

// inBubble runs a test on a clock of its own.
func inBubble(t *testing.T, test func(t *testing.T, g Gomega, guard *callGuard)) {
	synctest.Test(t, func(t *testing.T) { test(t, NewWithT(t), newCallGuard(&login{})) })
}

// later lets time pass on the clock of a bubble.
func later(d time.Duration) { <-time.After(d) }

// interrupt has the array not answer until nothing is sent any more.
func (g *callGuard) interrupt(ctx context.Context) {
	for range breakAfter {
		_, _ = g.ends(ctx, errSilence)
	}
}

func TestASilentArrayIsLeftAloneForAMoment(t *testing.T) {
	inBubble(t, func(t *testing.T, g Gomega, guard *callGuard) {
		for range breakAfter - 1 {
			made, err := guard.ends(t.Context(), errSilence)
			g.Expect(made).To(BeTrue())
			g.Expect(err).To(BeIdenticalTo(errSilence))
		}
		_, _ = guard.ends(t.Context(), errBusy)
		g.Expect(guard.unanswering()).To(Succeed(), "an answer is a sign of life, whatever it says")
		guard.interrupt(t.Context())
		g.Expect(guard.unanswering()).To(MatchError(errSilence.Err))
		made, err := guard.ends(t.Context(), nil)
		g.Expect(made).To(BeFalse())
		g.Expect(err).To(MatchError(errSilence.Err), "it says what was wrong, not what a breaker is")
		g.Expect(ontap.MaybeApplied(err)).To(BeFalse())
	})
}

func TestOneCallTriesWhetherTheArrayIsBack(t *testing.T) {
	inBubble(t, func(t *testing.T, g Gomega, guard *callGuard) {
		for _, back := range []bool{false, true} {
			guard.interrupt(t.Context())
			later(2 * breakFor)
			g.Expect(guard.unanswering()).To(Succeed())
			err := guard.call(t.Context(), "", func() error {
				made, err := guard.ends(t.Context(), nil)
				g.Expect(made).To(BeFalse(), "one is enough to find out")
				g.Expect(err).To(MatchError(errSilence.Err))
				if back {
					return nil
				}
				return errSilence
			})
			g.Expect(err == nil).To(Equal(back))
			g.Expect(guard.unanswering() == nil).To(Equal(back))
			later(2 * breakFor)
		}
	})
}

func TestATryThatProvesNothingDoesNotStopTheNextOne(t *testing.T) {
	for name, try := range map[string]func(*callGuard){
		"it was called off": func(guard *callGuard) {
			ctx, cancel := context.WithCancel(context.Background())
			_ = guard.call(ctx, "", func() error { cancel(); return errSilence })
		},
		"there was no turn for it": func(guard *callGuard) {
			_, _ = guard.ends(context.Background(), &ontap.TransportError{Err: errNoTurn})
		},
		"it panicked": func(guard *callGuard) {
			defer func() { _ = recover() }()
			_ = guard.call(context.Background(), "", func() error { panic("a mistake") })
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, g Gomega, guard *callGuard) {
				guard.interrupt(t.Context())
				for range 3 {
					later(2 * breakFor)
					try(guard)
					g.Expect(guard.unanswering()).To(MatchError(errSilence.Err), "nothing was recorded")
				}
				later(2 * breakFor)
				g.Expect(guard.ends(t.Context(), nil)).To(BeTrue())
				g.Expect(guard.unanswering()).To(Succeed())
			})
		})
	}
}

func TestWhatWasNotTheArraysDoingDoesNotCountAgainstIt(t *testing.T) {
	inBubble(t, func(t *testing.T, g Gomega, guard *callGuard) {
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		for range 2 * breakAfter {
			_, _ = guard.ends(ended, errSilence)
			_, _ = guard.ends(t.Context(), &ontap.TransportError{Err: errNoTurn})
			g.Expect(guard.unanswering()).To(Succeed())
		}
		for range breakAfter - 1 {
			_, _ = guard.ends(t.Context(), errSilence)
			_, _ = guard.ends(ended, errSilence)
		}
		_, _ = guard.ends(t.Context(), errSilence)
		g.Expect(guard.unanswering()).To(MatchError(errSilence.Err), "nor for it")
	})
}

func TestARequestThatGetsNoTurnInTimeIsNotSent(t *testing.T) {
	inBubble(t, func(t *testing.T, g Gomega, guard *callGuard) {
		guard.limit(1)
		ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
		defer cancel()
		began := time.Now()
		for range 3 {
			ended, err := guard.admit(ctx)
			g.Expect(err).NotTo(HaveOccurred())
			ended(nil)
		}
		g.Expect(time.Since(began)).To(Equal(3*time.Second), "one a second")
		_, err := guard.admit(ctx)
		g.Expect(err).To(MatchError(errNoTurn))
		guard.limit(0)
		_, err = guard.admit(t.Context())
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(time.Since(began)).To(Equal(3 * time.Second))
	})
}

func TestAfterARefusedLoginThePollTriesFirst(t *testing.T) {
	inBubble(t, func(t *testing.T, g Gomega, guard *callGuard) {
		a := &Array{guard: guard}
		a.identity.last.Store(&identified{})
		a.snapshot.merge(nil, time.Now())
		_, _ = guard.ends(t.Context(), errLogin)
		made, err := guard.ends(t.Context(), nil)
		g.Expect(made).To(BeFalse())
		g.Expect(err).To(BeIdenticalTo(errLogin))

		later(loginPause)
		g.Expect(a.Usable()).To(BeIdenticalTo(errLogin), "thousands of objects wait for the poll")
		made, err = guard.ends(t.Context(), errLogin)
		g.Expect(made).To(BeTrue())
		g.Expect(err).To(BeIdenticalTo(errLogin))
		g.Expect(a.Usable()).To(BeIdenticalTo(errLogin))

		later(loginPause)
		g.Expect(guard.ends(t.Context(), nil)).To(BeTrue())
		g.Expect(a.Usable()).To(Succeed())
	})
}

func TestAnAnswerThatIsNotONTAPsIsNoSilence(t *testing.T) {
	for name, fault := range map[string]controlclient.Fault{
		"a front end's 414":      {Status: http.StatusRequestURITooLong, Body: "html"},
		"a front end's 502":      {Status: http.StatusBadGateway, Body: "html"},
		"a page in place of it":  {Body: "html"},
		"half the JSON":          {Body: "cut"},
		"a body that breaks off": {Body: "truncated"},
		"nothing":                {Body: "empty"},
		"a redirect":             {Redirect: "https://192.0.2.1/"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			array, console := polled(t)
			fault.Path = servicesPath
			inject(t, console, fault)
			for i := range 2 * breakAfter {
				_, err := array.LookUp(t.Context(), ontap.SVMRef{Name: fmt.Sprint("svm", i)}, false)
				g.Expect(err).To(BeAssignableToTypeOf(errSilence))
				g.Expect(array.Breaker()).To(Equal("closed"))
			}
			array.guard.breaker.HalfOpen()
			_, err := array.LookUp(t.Context(), ontap.SVMRef{Name: "svm1"}, false)
			g.Expect(err).To(HaveOccurred())
			g.Expect(array.Breaker()).To(Equal("closed"), "there was an answer")
		})
	}
}

func TestOneSVMThatGoesUnansweredDoesNotStopTheOthers(t *testing.T) {
	g := NewWithT(t)
	array, console := polled(t)
	inject(t, console, controlclient.Fault{Match: controlclient.Match{SVM: "svm1"}, Reset: controlclient.Before})
	for range 2 * breakAfter {
		_, err := array.LookUp(t.Context(), ontap.SVMRef{Name: "svm1"}, false)
		g.Expect(err).To(BeAssignableToTypeOf(errSilence))
		g.Expect(array.Breaker()).To(Equal("closed"))
	}
	array.guard.breaker.HalfOpen()
	_, err := array.LookUp(t.Context(), ontap.SVMRef{Name: "svm1"}, false)
	g.Expect(err).To(BeAssignableToTypeOf(errSilence))
	g.Expect(array.Breaker()).To(Equal("closed"), "the array is back, whatever it makes of that SVM")
	g.Expect(console.ClearFaults(t.Context())).To(Succeed())
	_, err = array.LookUp(t.Context(), ontap.SVMRef{Name: "svm1"}, false)
	g.Expect(err).NotTo(HaveOccurred())

	inject(t, console, controlclient.Fault{Reset: controlclient.Before})
	_, err = array.Poll(t.Context(), false)
	g.Expect(err).To(HaveOccurred())
	_, err = array.LookUp(t.Context(), ontap.SVMRef{Name: "svm2"}, false)
	g.Expect(err).To(HaveOccurred())
	g.Expect(array.Breaker()).To(Equal("closed"))
	_, err = array.Poll(t.Context(), false)
	g.Expect(err).To(HaveOccurred())
	g.Expect(array.Breaker()).To(Equal("open"), "an array that does not answer at all is left alone")
}
