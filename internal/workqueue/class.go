package workqueue

import "sigs.k8s.io/controller-runtime/pkg/handler"

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
