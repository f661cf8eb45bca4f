package workqueue

import (
	"sync"
	"time"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
)

// Queue hands requests to the workers of a controller: by class, and within a class in turn between namespaces, so that
// a namespace with thousands of objects delays another one by no more than a turn. It bounds how many requests that are
// only due are at work at a time: most workers are free for what is not.
//
// Each request is in it once, with the most urgent of the classes that it was added with, and goes on with that class
// when it is tried again. A request that waits for its time is in it when that has come, or when it is added without.
type Queue struct {
	// Typed knows which requests are ready and which at work, so that no two workers have the same. backlog is its storage,
	// whose functions it calls under a lock of its own: it must not be called under that of backlog.
	*workqueue.Typed[reconcile.Request]
	backlog *backlog
	limiter workqueue.TypedRateLimiter[reconcile.Request]

	mu sync.Mutex
	// delayed has the requests whose time has not come.
	delayed map[reconcile.Request]*delay
}

var _ priorityqueue.PriorityQueue[reconcile.Request] = &Queue{}

// delay is how long a request waits.
type delay struct {
	timer *time.Timer
	until time.Time
	class class
}

// New makes the queue of the controller of that name, with that many workers.
func New(name string, limiter workqueue.TypedRateLimiter[reconcile.Request], workers int) *Queue {
	// A few workers keep the API server busy: with more on what is only due, what is urgent would wait there, behind their
	// writes.
	return newQueue(name, limiter, max(1, workers/16))
}

// newQueue makes the queue of the controller of that name, of whose workers dueAtMost are at work on what is only due.
func newQueue(name string, limiter workqueue.TypedRateLimiter[reconcile.Request], dueAtMost int) *Queue {
	backlog := &backlog{dueAtMost: dueAtMost, wanted: map[reconcile.Request]want{}, atWork: map[reconcile.Request]class{}}
	return &Queue{
		Typed:   workqueue.NewTypedWithConfig(workqueue.TypedQueueConfig[reconcile.Request]{Name: name, Queue: backlog}),
		backlog: backlog,
		limiter: limiter,
		delayed: map[reconcile.Request]*delay{},
	}
}

// AddWithOpts adds requests, at once or when their time has come.
func (q *Queue) AddWithOpts(o priorityqueue.AddOpts, items ...reconcile.Request) {
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
func (q *Queue) Add(item reconcile.Request) { q.AddWithOpts(priorityqueue.AddOpts{}, item) }

// AddAfter adds a request with the class urgent when the time has passed.
func (q *Queue) AddAfter(item reconcile.Request, after time.Duration) {
	q.AddWithOpts(priorityqueue.AddOpts{After: after}, item)
}

// AddRateLimited adds a request with the class urgent when the limiter says.
func (q *Queue) AddRateLimited(item reconcile.Request) {
	q.AddWithOpts(priorityqueue.AddOpts{RateLimited: true}, item)
}

// Forget has the limiter forget the failures of a request.
func (q *Queue) Forget(item reconcile.Request) { q.limiter.Forget(item) }

// NumRequeues is how often a request has failed.
func (q *Queue) NumRequeues(item reconcile.Request) int { return q.limiter.NumRequeues(item) }

// Len is how many requests are ready.
func (q *Queue) Len() int { return q.backlog.all() }

// Get is GetWithPriority for a caller that has no use for the priority.
func (q *Queue) Get() (item reconcile.Request, shutdown bool) {
	item, _, shutdown = q.GetWithPriority()
	return item, shutdown
}

// GetWithPriority waits for a request. A worker that got one calls Done, and then asks for the next: no other worker is woken for
// what may be handed out then.
func (q *Queue) GetWithPriority() (item reconcile.Request, priority int, shutdown bool) {
	item, shutdown = q.Typed.Get()
	if shutdown || q.ShuttingDown() {
		return reconcile.Request{}, 0, true
	}
	return item, q.backlog.classAtWork(item).priority(), false
}

// Done ends the work on a request.
func (q *Queue) Done(item reconcile.Request) {
	q.backlog.done(item)
	q.Typed.Done(item)
}

// Visitor is the request, which is at work, as it visits an array by that key. Once it is woken, it is handed out before
// all others, which have not waited for the array yet.
func (q *Queue) Visitor(key string, item reconcile.Request) fleet.Visitor {
	if q == nil {
		// The controller was not started.
		return fleet.Visitor{Key: key, Group: item.Namespace, Wake: func() {}}
	}
	class := q.backlog.classAtWork(item)
	return fleet.Visitor{Key: key, Group: item.Namespace, LowPriority: class == due, Wake: func() {
		q.add(item, want{class: class, woken: true})
	}}
}

// add makes a request ready. If it waited for its time, it does not any more.
func (q *Queue) add(item reconcile.Request, w want) {
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
func (q *Queue) addAfter(item reconcile.Request, after time.Duration, class class) {
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
func (q *Queue) arrived(item reconcile.Request, d *delay) {
	q.mu.Lock()
	waits := q.delayed[item] == d
	q.mu.Unlock()
	if waits {
		q.add(item, want{class: d.class})
	}
}
