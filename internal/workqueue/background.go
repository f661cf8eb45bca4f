package workqueue

import (
	"context"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

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

// EnqueueMapped is handler.EnqueueRequestsFromMapFunc in the background: what is added so has the class changed.
func EnqueueMapped[object any](requests handler.TypedMapFunc[object, reconcile.Request]) handler.TypedEventHandler[object, reconcile.Request] {
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
