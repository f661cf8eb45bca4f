package controller

import (
	"context"
	"sync"
	"time"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ontap-operator/ontap-san-operator/internal/fairqueue"
	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
)

// class is why an object is to be looked at. What is of one class goes before all that is of the next.
type class int

const (
	// urgent: a user has created, changed, annotated or deleted the object, or the work on that is not done.
	urgent class = iota
	// changed: something else has changed, such as its service, its ONTAPCluster or its namespace; or the operator has
	// just started.
	changed
	// due: time has passed, and nothing else has happened.
	due
)

// priority is the class in terms of controller-runtime, which gives 0 to what happens to an object and
// handler.LowPriority to those that were there when the operator started.
func (c class) priority() int { return int(c) * handler.LowPriority }

// classOf is the class with that priority; nil means 0.
func classOf(priority *int) class {
	switch {
	case priority == nil || *priority >= urgent.priority():
		return urgent
	case *priority >= changed.priority():
		return changed
	default:
		return due
	}
}

// queue hands requests to the workers of a controller: by class, and within a class in turn between namespaces, so that
// a namespace with thousands of objects delays another one by no more than a turn. It bounds how many requests that are
// only due are at work at a time: most workers are free for what is not.
//
// Each request is in it once, with the most urgent of the classes that it was added with, and goes on with that class
// when it is tried again. A request that waits for its time is in it when that has come, or when it is added without.
type queue struct {
	// Typed knows which requests are ready and which at work, so that no two workers have the same. backlog is its storage,
	// whose functions it calls under a lock of its own: it must not be called under that of backlog.
	*workqueue.Typed[reconcile.Request]
	backlog *backlog
	limiter workqueue.TypedRateLimiter[reconcile.Request]

	mu sync.Mutex
	// delayed has the requests whose time has not come.
	delayed map[reconcile.Request]*delay
}

var _ priorityqueue.PriorityQueue[reconcile.Request] = &queue{}

// delay is how long a request waits.
type delay struct {
	timer *time.Timer
	until time.Time
	class class
}

// newQueue makes the queue of the controller of that name, of whose workers dueAtMost are at work on what is only due.
func newQueue(name string, limiter workqueue.TypedRateLimiter[reconcile.Request], dueAtMost int) *queue {
	backlog := &backlog{dueAtMost: dueAtMost, wanted: map[reconcile.Request]want{}, atWork: map[reconcile.Request]class{}}
	return &queue{
		Typed:   workqueue.NewTypedWithConfig(workqueue.TypedQueueConfig[reconcile.Request]{Name: name, Queue: backlog}),
		backlog: backlog,
		limiter: limiter,
		delayed: map[reconcile.Request]*delay{},
	}
}

// dueShare is how many of a controller's workers may be at work on what is only due. A few keep the API server busy: with
// more, what is urgent would wait there, behind their writes.
func dueShare(workers int) int { return max(1, workers/16) }

// AddWithOpts adds requests, at once or when their time has come.
func (q *queue) AddWithOpts(o priorityqueue.AddOpts, items ...reconcile.Request) {
	for _, item := range items {
		after := o.After
		if o.RateLimited {
			if wait := q.limiter.When(item); after == 0 || wait < after {
				after = wait
			}
		}
		if after > 0 {
			q.addAfter(item, after, classOf(o.Priority))
		} else {
			q.add(item, want{class: classOf(o.Priority)})
		}
	}
}

// Add adds a request with the class urgent.
func (q *queue) Add(item reconcile.Request) { q.AddWithOpts(priorityqueue.AddOpts{}, item) }

// AddAfter adds a request with the class urgent when the time has passed.
func (q *queue) AddAfter(item reconcile.Request, after time.Duration) {
	q.AddWithOpts(priorityqueue.AddOpts{After: after}, item)
}

// AddRateLimited adds a request with the class urgent when the limiter says.
func (q *queue) AddRateLimited(item reconcile.Request) {
	q.AddWithOpts(priorityqueue.AddOpts{RateLimited: true}, item)
}

// Forget has the limiter forget the failures of a request.
func (q *queue) Forget(item reconcile.Request) { q.limiter.Forget(item) }

// NumRequeues is how often a request has failed.
func (q *queue) NumRequeues(item reconcile.Request) int { return q.limiter.NumRequeues(item) }

// Len is how many requests are ready.
func (q *queue) Len() int { return q.backlog.all() }

// Get is GetWithPriority for a caller that has no use for the priority.
func (q *queue) Get() (item reconcile.Request, shutdown bool) {
	item, _, shutdown = q.GetWithPriority()
	return item, shutdown
}

// GetWithPriority waits for a request. A worker that got one calls Done, and then asks for the next: no other worker is woken for
// what may be handed out then.
func (q *queue) GetWithPriority() (item reconcile.Request, priority int, shutdown bool) {
	item, shutdown = q.Typed.Get()
	if shutdown || q.ShuttingDown() {
		return reconcile.Request{}, 0, true
	}
	return item, q.backlog.classAtWork(item).priority(), false
}

// Done ends the work on a request.
func (q *queue) Done(item reconcile.Request) {
	q.backlog.done(item)
	q.Typed.Done(item)
}

// visitor is the request, which is at work, as it visits an array by that key. Once it is woken, it is handed out before
// all others, which have not waited for the array yet.
func (q *queue) visitor(key string, item reconcile.Request) fleet.Visitor {
	if q == nil {
		// SetupWithManager was not called.
		return fleet.Visitor{Key: key, Group: item.Namespace, Wake: func() {}}
	}
	class := q.backlog.classAtWork(item)
	return fleet.Visitor{Key: key, Group: item.Namespace, LowPriority: class == due, Wake: func() {
		q.add(item, want{class: class, woken: true})
	}}
}

// add makes a request ready. If it waited for its time, it does not any more.
func (q *queue) add(item reconcile.Request, w want) {
	q.mu.Lock()
	if d, ok := q.delayed[item]; ok {
		d.timer.Stop()
		delete(q.delayed, item)
		w.class = min(w.class, d.class)
	}
	q.backlog.want(item, w)
	q.mu.Unlock()
	q.Typed.Add(item)
}

// addAfter has a request wait for its time, unless it is wanted before.
func (q *queue) addAfter(item reconcile.Request, after time.Duration, class class) {
	if q.backlog.wants(item) {
		q.add(item, want{class: class})
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	until := time.Now().Add(after)
	if d, ok := q.delayed[item]; ok {
		class = min(class, d.class)
		if d.until.Before(until) {
			d.class = class
			return
		}
		d.timer.Stop()
	}
	d := &delay{until: until, class: class}
	q.delayed[item] = d
	d.timer = time.AfterFunc(after, func() { q.arrived(item, d) })
}

// arrived makes a request ready whose time has come, if it still waits for it.
func (q *queue) arrived(item reconcile.Request, d *delay) {
	q.mu.Lock()
	waits := q.delayed[item] == d
	q.mu.Unlock()
	if waits {
		q.add(item, want{class: d.class})
	}
}

// backlog has the requests that are to be handed out.
type backlog struct {
	dueAtMost int

	mu sync.Mutex
	// line has the requests that can be handed out, and wanted all that are to be: those in line, and those that were
	// added again while they were at work, which join the line then.
	line   fairqueue.Queue[reconcile.Request]
	wanted map[reconcile.Request]want
	// atWork has the requests that were handed out, with their class, and dueAtWork is how many of them are only due.
	atWork    map[reconcile.Request]class
	dueAtWork int
}

var _ workqueue.Queue[reconcile.Request] = &backlog{}

// want is how a request is wanted.
type want struct {
	class class
	// woken: it has waited for a slot of its array, which is kept for it.
	woken bool
}

// rank is where in line the request is.
func (w want) rank() int {
	if w.woken {
		return 0
	}
	return 1 + int(w.class)
}

// lastRank is the rank of what is only due.
var lastRank = want{class: due}.rank()

// want notes how a request is wanted that is about to be added.
func (b *backlog) want(item reconcile.Request, w want) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if before, ok := b.wanted[item]; ok {
		w = want{class: min(w.class, before.class), woken: w.woken || before.woken}
	}
	b.wanted[item] = w
}

// wants reports whether a request is to be handed out anyway.
func (b *backlog) wants(item reconcile.Request) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok := b.wanted[item]
	return ok
}

// Push puts a request in line. One that was handed out since it was wanted, and is added all the same, is urgent.
func (b *backlog) Push(item reconcile.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	w := b.wanted[item]
	b.wanted[item] = w
	b.line.Push(item, item.Namespace, w.rank())
}

// Touch moves a request up the line if it is more urgent by now.
func (b *backlog) Touch(item reconcile.Request) { b.Push(item) }

// Len is how many requests can be handed out now.
func (b *backlog) Len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.line.Len(b.last())
}

// Pop hands out a request.
func (b *backlog) Pop() reconcile.Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	item, _ := b.line.Pop(b.last())
	class := b.wanted[item].class
	delete(b.wanted, item)
	b.atWork[item] = class
	if class == due {
		b.dueAtWork++
	}
	return item
}

// last is the last rank that may be handed out.
func (b *backlog) last() int {
	if b.dueAtWork < b.dueAtMost {
		return lastRank
	}
	return lastRank - 1
}

func (b *backlog) done(item reconcile.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.atWork[item] == due {
		b.dueAtWork--
	}
	delete(b.atWork, item)
}

func (b *backlog) classAtWork(item reconcile.Request) class {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.atWork[item]
}

func (b *backlog) all() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.line.Len(lastRank)
}

// background has a handler add with the class changed what it would add as urgent: what happens to one object, and
// concerns others, is not their users' doing.
type background[object any] struct {
	handler.TypedEventHandler[object, reconcile.Request]
}

func (b background[object]) Create(ctx context.Context, e event.TypedCreateEvent[object], q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
	b.TypedEventHandler.Create(ctx, e, lowered(q))
}

func (b background[object]) Update(ctx context.Context, e event.TypedUpdateEvent[object], q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
	b.TypedEventHandler.Update(ctx, e, lowered(q))
}

func (b background[object]) Delete(ctx context.Context, e event.TypedDeleteEvent[object], q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
	b.TypedEventHandler.Delete(ctx, e, lowered(q))
}

func (b background[object]) Generic(ctx context.Context, e event.TypedGenericEvent[object], q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
	b.TypedEventHandler.Generic(ctx, e, lowered(q))
}

// enqueueMapped is handler.EnqueueRequestsFromMapFunc in the background.
func enqueueMapped[object any](requests handler.TypedMapFunc[object, reconcile.Request]) handler.TypedEventHandler[object, reconcile.Request] {
	return background[object]{handler.TypedEnqueueRequestsFromMapFunc(requests)}
}

// lowered is the queue as a handler in the background has it.
func lowered(q workqueue.TypedRateLimitingInterface[reconcile.Request]) workqueue.TypedRateLimitingInterface[reconcile.Request] {
	if queue, ok := q.(priorityqueue.PriorityQueue[reconcile.Request]); ok {
		return loweredQueue{queue}
	}
	return q
}

type loweredQueue struct {
	priorityqueue.PriorityQueue[reconcile.Request]
}

func (q loweredQueue) Add(item reconcile.Request) {
	q.AddWithOpts(priorityqueue.AddOpts{Priority: new(changed.priority())}, item)
}
