// Package fleet holds the live arrays: for each ONTAPCluster its client, the identity of the array behind it, a limit
// and a breaker for the requests to it, and a snapshot of its services, which polls keep up to date. Every read and
// write of the operator goes through here. It knows nothing of Kubernetes.
//
// Its files, each of which uses only those below it:
//
//	visit.go                                        a pass's stay in a work slot of an array
//	fleet.go                                        the connected arrays by the name of their ONTAPCluster
//	poll.go lookup.go write.go svm.go history.go    what is asked: all services, one service, a change, SVMs, samples
//	array.go                                        one array, and how a call to it is made
//	identity.go                                     which array answers
//	merge.go                                        what a poll makes of the snapshot
//	snapshot.go metrics.go names.go                 what is known: services, performance data, UUIDs of SVMs by name
//	guard.go                                        the call guard: rate limit, breaker, login gate
//	login.go certificates.go turn.go                the login and its refusal; known certificates; a turn under the rate limit
//	errors.go request.go workslots.go               why nothing is sent, what an answer means; filters; slots and their queue
package fleet
