// Package load makes the I/O that the array's metrics show: a seeded load per SVM, with a rhythm of days and weeks.
//
// Everything derives from counters that only grow. A sample is the difference of two counters, whatever the interval
// it is asked for, so that metric, statistics, history and a single timestamp can't contradict each other.
package load

import (
	"slices"
	"time"
)

// Span is a time in which an SVM served. A zero To means it still does.
type Span struct{ From, To time.Time }

// Duty is the times in which an SVM served, in order. Values are never changed.
type Duty []Span

// Always is the duty of an SVM that served ever since the cluster came up.
func Always() Duty { return Duty{{From: Epoch}} }

// Started returns the duty of an SVM that serves from now on.
func (d Duty) Started(now time.Time) Duty { return append(slices.Clone(d), Span{From: now}) }

// Stopped returns the duty of an SVM that serves no longer.
func (d Duty) Stopped(now time.Time) Duty {
	stopped := slices.Clone(d)
	stopped[len(stopped)-1].To = now
	return stopped
}
