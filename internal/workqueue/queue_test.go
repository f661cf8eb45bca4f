package workqueue

import (
	"context"
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"
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
