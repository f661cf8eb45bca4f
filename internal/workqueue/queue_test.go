package workqueue

import (
	"context"
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
)

func testQueue(t *testing.T, dueAtMost int) *Queue {
	t.Helper()
	q := newQueue("", NewBackoff(), dueAtMost)
	t.Cleanup(q.ShutDown)
	return q
}

func request(namespace string, name any) reconcile.Request {
	return reconcile.Request{NamespacedName: types.NamespacedName{Namespace: namespace, Name: fmt.Sprint(name)}}
}

// addAs adds a request with a class, as controller-runtime does.
func (q *Queue) addAs(c class, after time.Duration, items ...reconcile.Request) {
	q.AddWithOpts(priorityqueue.AddOpts{Priority: new(c.priority()), After: after}, items...)
}

// next works on what is handed out next, if anything.
func (q *Queue) next() (name string, c class) {
	if q.backlog.Len() == 0 {
		return "nothing", 0
	}
	item, priority, _ := q.GetWithPriority()
	defer q.Done(item)
	return item.Name, classOf(&priority)
}

func (q *Queue) nextName() string {
	name, _ := q.next()
	return name
}

func TestWhatSomebodyDidIsHandedOutFirst(t *testing.T) {
	g := NewWithT(t)
	q := testQueue(t, 1)
	q.addAs(due, 0, request("a", "sample"))
	q.addAs(changed, 0, request("a", "drift"))
	q.Add(request("a", "new"))
	for _, expected := range []string{"new", "drift", "sample", "nothing"} {
		name, _ := q.next()
		g.Expect(name).To(Equal(expected))
	}
}

func TestAFloodInOneNamespaceDelaysAnotherOneByATurn(t *testing.T) {
	g := NewWithT(t)
	q := testQueue(t, 1)
	for i := range 2000 {
		q.Add(request("flood", i))
	}
	q.Add(request("quiet", "new"))
	g.Expect(q.Len()).To(Equal(2001))
	before := 0
	for name, _ := q.next(); name != "new"; name, _ = q.next() {
		before++
	}
	g.Expect(before).To(BeNumerically("<=", 1))
}

func TestMostWorkersAreFreeForWhatIsNotOnlyDue(t *testing.T) {
	g := NewWithT(t)
	q := testQueue(t, 2)
	for i := range 5 {
		q.addAs(due, 0, request("a", i))
	}
	var atWork []reconcile.Request
	for range 2 {
		item, _, _ := q.GetWithPriority()
		atWork = append(atWork, item)
	}
	g.Expect(q.Len()).To(Equal(3))
	g.Expect(q.nextName()).To(Equal("nothing"))
	q.Add(request("a", "new"))
	g.Expect(q.nextName()).To(Equal("new"))
	q.Done(atWork[0])
	g.Expect(q.nextName()).To(Equal("2"))
	g.Expect(New("", NewBackoff(), 64).backlog.dueAtMost).To(Equal(4))
	g.Expect(New("", NewBackoff(), 1).backlog.dueAtMost).To(Equal(1), "one worker has to do everything")
}

func TestARequestHasTheMostUrgentClassThatItWasAddedWith(t *testing.T) {
	g := NewWithT(t)
	q := testQueue(t, 1)
	item := request("a", "a")
	expect := func(expected class) {
		t.Helper()
		name, c := q.next()
		g.Expect(name).To(Equal("a"))
		g.Expect(c).To(Equal(expected))
		g.Expect(q.nextName()).To(Equal("nothing"))
		g.Expect(q.delayed).To(BeEmpty())
	}
	q.addAs(due, 0, item)
	q.addAs(changed, 0, item)
	q.addAs(due, 0, item)
	expect(changed)

	q.addAs(due, time.Hour, item)
	q.addAs(changed, 2*time.Hour, item)
	q.addAs(due, 0, item)
	expect(changed)

	q.addAs(due, 0, item)
	_, priority, _ := q.GetWithPriority()
	q.Add(item)
	q.AddWithOpts(priorityqueue.AddOpts{After: time.Hour, Priority: &priority}, item)
	g.Expect(q.delayed).To(BeEmpty(), "it is wanted at once")
	q.Done(item)
	expect(urgent)
}

func TestARequestIsHandedOutWhenItsTimeHasCome(t *testing.T) {
	g := NewWithT(t)
	q := testQueue(t, 1)
	q.addAs(changed, time.Hour, request("a", "a"))
	q.addAs(changed, time.Millisecond, request("a", "a"))
	q.addAs(due, 2*time.Hour, request("a", "a"))
	item, priority, shutdown := q.GetWithPriority()
	g.Expect(shutdown).To(BeFalse())
	g.Expect(item.Name).To(Equal("a"))
	g.Expect(priority).To(Equal(changed.priority()))
	q.AddWithOpts(priorityqueue.AddOpts{RateLimited: true, Priority: &priority}, item)
	g.Expect(q.NumRequeues(item)).To(Equal(1))
	g.Expect(q.delayed[item].class).To(Equal(changed), "it is tried again as what it was")
}

func TestWhoWaitedForTheArrayIsHandedOutFirst(t *testing.T) {
	g := NewWithT(t)
	q := testQueue(t, 1)
	q.addAs(due, 0, request("a", "waits"))
	item, _, _ := q.GetWithPriority()
	visitor := q.Visitor("waits", item)
	g.Expect(visitor.LowPriority).To(BeTrue())
	g.Expect(visitor.Group).To(Equal("a"))
	q.Done(item)
	q.Add(request("a", "new"))
	visitor.Wake()
	name, c := q.next()
	g.Expect(name).To(Equal("waits"), "a slot is kept for it")
	g.Expect(c).To(Equal(due))
}

func TestNothingIsHandedOutByAQueueThatIsShutDown(t *testing.T) {
	g := NewWithT(t)
	q := testQueue(t, 1)
	q.Add(request("a", "a"))
	q.ShutDown()
	_, _, shutdown := q.GetWithPriority()
	g.Expect(shutdown).To(BeTrue())
}

func TestTheClassOfWhatHappens(t *testing.T) {
	obj := &v1alpha1.ISCSIService{}
	obj.Namespace, obj.Name = "a", "a"
	of := &handler.EnqueueRequestForObject{}
	mapped := EnqueueMapped(func(_ context.Context, obj client.Object) []reconcile.Request {
		return []reconcile.Request{{NamespacedName: client.ObjectKeyFromObject(obj)}}
	})
	edited := obj.DeepCopy()
	edited.ResourceVersion = "2"
	for name, c := range map[string]struct {
		happens func(context.Context, *Queue)
		class   class
	}{
		"a new object": {func(ctx context.Context, q *Queue) { of.Create(ctx, event.CreateEvent{Object: obj}, q) }, urgent},
		"an edited object": {func(ctx context.Context, q *Queue) {
			of.Update(ctx, event.UpdateEvent{ObjectOld: obj, ObjectNew: edited}, q)
		}, urgent},
		"an object that was there": {func(ctx context.Context, q *Queue) {
			of.Create(ctx, event.CreateEvent{Object: obj, IsInInitialList: true}, q)
		}, changed},
		"another one that is new": {func(ctx context.Context, q *Queue) { mapped.Create(ctx, event.CreateEvent{Object: obj}, q) }, changed},
		"another one that was there": {func(ctx context.Context, q *Queue) {
			mapped.Create(ctx, event.CreateEvent{Object: obj, IsInInitialList: true}, q)
		}, changed},
		"another one that was edited": {func(ctx context.Context, q *Queue) {
			mapped.Update(ctx, event.UpdateEvent{ObjectOld: obj, ObjectNew: edited}, q)
		}, changed},
		"another one that was deleted": {func(ctx context.Context, q *Queue) { mapped.Delete(ctx, event.DeleteEvent{Object: obj}, q) }, changed},
		"something on the array":       {func(ctx context.Context, q *Queue) { mapped.Generic(ctx, event.GenericEvent{Object: obj}, q) }, changed},
	} {
		t.Run(name, func(t *testing.T) {
			q := testQueue(t, 1)
			c.happens(t.Context(), q)
			_, class := q.next()
			NewWithT(t).Expect(class).To(Equal(c.class))
		})
	}
}

func TestAnObjectThatCameToRestIsOnlyDue(t *testing.T) {
	g := NewWithT(t)
	for _, end := range []outcome.Outcome{
		outcome.Ready("", "", time.Second), outcome.Stalled("", ""), {Paused: true, RetryAfter: time.Second},
	} {
		result, err := AfterPass(&end)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(result.Priority).To(HaveValue(Equal(due.priority())))
	}
	result, err := AfterPass(new(outcome.Reconciling("", "", time.Second)))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(result.Priority).To(BeNil(), "it is as urgent as it was")
}

func TestSamplesThatAreDueTogetherAreSpread(t *testing.T) {
	g := NewWithT(t)
	var tenths [10]int
	for i := range 1000 {
		uid := types.UID(fmt.Sprintf("7d3c1f52-0a35-4d0e-9a0f-%012x", i))
		g.Expect(Offset(uid, time.Minute)).To(Equal(Offset(uid, time.Minute)))
		tenths[Offset(uid, time.Minute)*10/time.Minute]++
	}
	for _, n := range tenths {
		g.Expect(n).To(BeNumerically(">", 50))
	}
}

// TestTheQueueUnderAnySequenceOfCalls holds the queue against what it promises, after any sequence of calls: a request that was added is
// handed out, to one worker at a time, with the most urgent class that it was added with; what is only due never takes
// more than its share; and nothing remains of requests that are done.
func TestTheQueueUnderAnySequenceOfCalls(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const dueAtMost = 2
		q := newQueue("", NewBackoff(), dueAtMost)
		defer q.ShutDown()
		wanted, atWork, delayed := map[reconcile.Request]class{}, map[reconcile.Request]class{}, map[reconcile.Request]class{}
		item := func(t *rapid.T) reconcile.Request {
			return request(fmt.Sprint("ns", rapid.IntRange(0, 2).Draw(t, "namespace")), rapid.IntRange(0, 6).Draw(t, "name"))
		}
		classes := rapid.SampledFrom([]class{urgent, changed, due})
		want := func(i reconcile.Request, c class) {
			if d, ok := delayed[i]; ok {
				c = min(c, d)
				delete(delayed, i)
			}
			if w, ok := wanted[i]; ok {
				c = min(c, w)
			}
			wanted[i] = c
		}
		dueAtWork := func() (n int) {
			for _, c := range atWork {
				if c == due {
					n++
				}
			}
			return n
		}
		ready := func() (n int) {
			for i, c := range wanted {
				if _, busy := atWork[i]; !busy && (c != due || dueAtWork() < dueAtMost) {
					n++
				}
			}
			return n
		}
		get := func(t *rapid.T) {
			got, priority, _ := q.GetWithPriority()
			c, ok := wanted[got]
			if _, busy := atWork[got]; !ok || busy || c != classOf(&priority) {
				t.Fatalf("%v was handed out with class %v; wanted are %v, at work %v", got, classOf(&priority), wanted, atWork)
			}
			for other, w := range wanted {
				if _, busy := atWork[other]; !busy && w < c {
					t.Fatalf("%v was handed out before %v", got, other)
				}
			}
			delete(wanted, got)
			atWork[got] = c
		}
		done := func(i reconcile.Request) {
			q.Done(i)
			delete(atWork, i)
		}
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				i, c := item(t), classes.Draw(t, "class")
				q.addAs(c, 0, i)
				want(i, c)
			},
			"add later": func(t *rapid.T) {
				i, c := item(t), classes.Draw(t, "class")
				q.addAs(c, time.Hour, i)
				if _, ok := wanted[i]; ok {
					want(i, c)
				} else if d, ok := delayed[i]; !ok || c < d {
					delayed[i] = c
				}
			},
			"time passes": func(t *rapid.T) {
				i := item(t)
				if c, ok := delayed[i]; ok {
					q.arrived(i, q.delayed[i])
					want(i, c)
				}
			},
			"get": func(t *rapid.T) {
				if ready() > 0 {
					get(t)
				}
			},
			"done": func(t *rapid.T) {
				i := item(t)
				if _, busy := atWork[i]; busy {
					done(i)
				}
			},
			"": func(t *rapid.T) {
				if q.backlog.Len() != ready() || len(q.delayed) != len(delayed) || q.backlog.dueAtWork != dueAtWork() || dueAtWork() > dueAtMost {
					t.Fatalf("%d are ready, not %d; %d wait, not %d; %d that are due are at work, not %d",
						q.backlog.Len(), ready(), len(q.delayed), len(delayed), q.backlog.dueAtWork, dueAtWork())
				}
			},
		})
		for i := range delayed {
			q.Add(i)
			want(i, urgent)
		}
		for len(wanted)+len(atWork) > 0 {
			for i := range atWork {
				done(i)
			}
			for ready() > 0 {
				get(t)
			}
		}
		b := q.backlog
		if len(b.wanted)+len(b.atWork)+len(q.delayed)+b.dueAtWork+q.Len() != 0 {
			t.Fatalf("%+v remains", b)
		}
	})
}
