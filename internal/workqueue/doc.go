// Package workqueue has the objects that a controller is to look at: in which order, and when again.
//
//	queue.go       hands out requests by class, and in turn between namespaces
//	backlog.go     the requests that are to be handed out
//	background.go  handlers for what concerns objects without being their users' doing
//	requeue.go     when an object is looked at again, by how its pass ended
//	backoff.go     how long failed passes wait
//	spread.go      keeps what happened together from being repeated together
//	class.go       why an object is to be looked at
//
// A file uses those below it.
package workqueue
