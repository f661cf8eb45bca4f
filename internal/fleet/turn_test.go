package fleet

import (
	"context"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

func TestATurnIsWaitedForOnceAndCharged(t *testing.T) {
	g := NewWithT(t)
	array, _ := polled(t)
	array.limit(Limits{PerSecond: 1})
	first, err := array.Await(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	began := time.Now()
	for range 3 {
		_, err := array.SVM(first.Context(t.Context()), ontap.SVMRef{Name: "svm1"})
		g.Expect(err).NotTo(HaveOccurred())
	}
	g.Expect(time.Since(began)).To(BeNumerically("<", 900*time.Millisecond), "the requests of a turn do not wait")
	_, err = array.Await(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(time.Since(began)).To(BeNumerically(">", 2500*time.Millisecond), "those that come later wait for all of them")
}

func TestNothingIsSentThatWaitedWhileTheArrayWasDisconnected(t *testing.T) {
	for name, send := range map[string]func(*Array, context.Context) error{
		"a turn": func(a *Array, ctx context.Context) error { _, err := a.Await(ctx); return err },
		"a read": func(a *Array, ctx context.Context) error {
			_, err := a.SVM(ctx, ontap.SVMRef{Name: "svm1"})
			return err
		},
		"a change": func(a *Array, ctx context.Context) error {
			return a.Update(ctx, withService, ontap.ServiceUpdate{Alias: new("mine")})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := NewWithT(t)
			array, console := polled(t)
			array.limit(Limits{PerSecond: 1})
			_, err := array.Await(t.Context())
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(console.ClearJournal(t.Context())).To(Succeed())
			ended := make(chan error, 1)
			go func() { ended <- send(array, t.Context()) }()
			g.Consistently(ended).WithTimeout(200 * time.Millisecond).ShouldNot(Receive())
			array.disconnect()
			g.Eventually(ended).WithTimeout(5 * time.Second).Should(Receive(HaveOccurred()))
			journal, err := console.Journal(t.Context(), 0)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(journal).To(BeEmpty())
		})
	}
}
