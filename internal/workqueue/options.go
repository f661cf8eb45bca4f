package workqueue

import (
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// Options are those of a controller with that many workers, whose queue is fair between namespaces: it is kept in queue when the
// controller is set up.
func Options(workers int, backoff *Backoff, queue **Queue) controller.Options {
	return controller.Options{
		MaxConcurrentReconciles: workers,
		RateLimiter:             backoff,
		NewQueue: func(name string, limiter workqueue.TypedRateLimiter[reconcile.Request]) workqueue.TypedRateLimitingInterface[reconcile.Request] {
			*queue = New(name, limiter, workers)
			return *queue
		},
		ReconciliationTimeout: PassTimeout,
	}
}
