// Package plan decides. A [State] has all that is known about one ISCSIService in one pass: the object, what this process
// remembers of it, and what was observed on the array. [Next] reads it and returns the one step to take now. The caller
// takes the step and reports what came of it by one of the transitions of State, and asks again, until a step ends the pass.
//
// The package is pure: it knows neither Kubernetes nor HTTP, sends nothing and reads no clock, so that every combination
// can be tried in a test. The tests run this very code against a model of the world: an array, an API server with a cache
// that lags, crashes, and other users of both.
//
// Files, each of which uses only those below it:
//
//	next.go, deleting.go        which step comes next
//	require.go                  what has to be made sure before a step is taken
//	transitions.go              how a state changes
//	state.go                    what a state has
//	memory.go                   what outlives the pass
//	claim.go                    which of the objects that name one SVM has its service
//	step.go, object.go          the vocabulary
package plan
