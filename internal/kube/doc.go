// Package kube reads and writes objects of the API server: what the cache keeps of them, and an object as it is stored and
// as a pass leaves it, which is never written on the strength of an old copy. It knows nothing of arrays.
//
//	object.go       an object as it is stored, and as this pass leaves it
//	patch.go        the patch from a copy that may be trimmed
//	trim.go         what the cache keeps of an object
//	annotations.go  the annotations that the operator reads, and those that it refuses
//	namespace.go    the labels of a namespace
//	errors.go       what a read or a write can end with
//
// A file uses those below it.
package kube
