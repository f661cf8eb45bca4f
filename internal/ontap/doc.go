// Package ontap is a client of the part of NetApp ONTAP's REST API that concerns iSCSI services: the seven operations of the
// reference "Manage iSCSI services", and the little around them that an operator needs: who the array is, which SVMs it has,
// and how many initiators are logged in.
//
// # Errors
//
// Every call fails in one of three ways, which are three types because they call for three reactions:
//
//   - [*Error]: the array said no. It carries ONTAP's code, and errors.Is compares it with the named codes:
//     errors.Is(err, ontap.CodeServiceExists).
//   - [*TransportError]: the array could not be reached, or its answer could not be understood. It proves nothing about what
//     exists. For a write, MaybeApplied says whether the array may have carried it out all the same.
//   - an error that is [ErrInvalidRequest]: the request could not have been meant; nothing was sent.
//
// [MaybeApplied] answers the question "may that write have happened?" for all three.
//
// No text of an error contains credentials, local ports, times or request ids: the same trouble reads the same at each try.
//
// # What is sent
//
// Requests go to the configured endpoint over HTTP/1.1 and TLS 1.2 or later, and nowhere else: redirects are not followed, proxies from the
// environment are not used, links to other hosts are refused. A write is handed to the network once. The
// standard library repeats a request on its own only when not a byte of it was written, or when it is a read; this package sets
// nothing (GetBody, Idempotency-Key) that would let it do more.
//
// A write that the array turns into a job is followed until the caller's context is done, ten minutes at most.
package ontap
