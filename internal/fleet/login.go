package fleet

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

const (
	// acceptedFor is for how long after the array has accepted the login requests are sent side by side.
	acceptedFor = 2 * time.Second
	// firstFor is for how long the others wait for the request that goes first, before the next one does: an array that
	// takes its time over one request must not hold up all of them. It delays the refusal of a login by less.
	firstFor = 5 * time.Second
	// loginPause is for how long nothing is sent after the array refused the login: ONTAP locks accounts. After that, the
	// poll tries, and all other requests wait for how that ends.
	loginPause = 4*time.Minute + 30*time.Second
)

// login is whether an array accepts an account. Every refused login counts towards the lock of the account, so that one
// request finds out while the others wait for it: while the array has not accepted the login lately, requests go one
// after the other until it does.
type login struct {
	mu sync.Mutex
	// accepted is when the login was last accepted; zero if it was refused since.
	accepted time.Time
	// refusal is the last one, and refusedAt when it came; nil once the login was accepted again.
	refusal   *ontap.Error
	refusedAt time.Time
	// first is the request that goes first, nil if none is under way.
	first *attempt
	// ended, unless nil, is closed when a request has ended that others wait for.
	ended chan struct{}
	// onRefused has what to call when the login is refused, by the arrays that share it.
	onRefused map[any]func()
}

// attempt is one request.
type attempt struct{ began time.Time }

// admit waits until a request may be sent, and returns the function that is called when it has ended. If another one finds out meanwhile that
// the login is refused, that is the error, and the request is not sent.
func (l *login) admit(ctx context.Context) (ended func(error), waited bool, err error) {
	for ; ; waited = true {
		a, wait, err := l.next(time.Now())
		if err != nil {
			return nil, waited, err
		}
		if a != nil {
			return func(err error) { l.finish(a, err) }, waited, nil
		}
		if err := wait.await(ctx); err != nil {
			return nil, waited, err
		}
	}
}

// await waits until a request would be sent, or refused, without waiting.
func (l *login) await(ctx context.Context) error {
	for {
		wait, waits := l.busy(time.Now())
		if !waits {
			return nil
		}
		if err := wait.await(ctx); err != nil {
			return err
		}
	}
}

// busy returns what to wait for while another request goes first.
func (l *login) busy(now time.Time) (w wait, waits bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refusal != nil && now.Sub(l.refusedAt) < loginPause || !l.accepted.IsZero() && now.Sub(l.accepted) < acceptedFor ||
		l.first == nil || now.Sub(l.first.began) >= firstFor {
		return wait{}, false
	}
	return l.wait(now), true
}

// wait is what to wait for while another request goes first.
func (l *login) wait(now time.Time) wait {
	if l.ended == nil {
		l.ended = make(chan struct{})
	}
	return wait{l.ended, firstFor - now.Sub(l.first.began)}
}

// next returns the request that may be sent, or what to wait for.
func (l *login) next(now time.Time) (*attempt, wait, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refusal != nil && now.Sub(l.refusedAt) < loginPause {
		return nil, wait{}, l.refusal
	}
	a := &attempt{began: now}
	switch {
	case !l.accepted.IsZero() && now.Sub(l.accepted) < acceptedFor:
		return a, wait{}, nil
	case l.first == nil || now.Sub(l.first.began) >= firstFor:
		l.first = a
		return a, wait{}, nil
	}
	return nil, l.wait(now), nil
}

// wait is for a request to end, or for that time.
type wait struct {
	ended <-chan struct{}
	most  time.Duration
}

func (w wait) await(ctx context.Context) error {
	timer := time.NewTimer(w.most)
	defer timer.Stop()
	select {
	case <-w.ended:
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// finish records how a request ended, and calls onRefused of all arrays that share the login if it was refused.
func (l *login) finish(a *attempt, err error) {
	for _, onRefused := range l.record(a, err) {
		onRefused()
	}
}

// record records how a request ended, and returns what to call for that.
func (l *login) record(a *attempt, err error) (onRefused []func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var refusal *ontap.Error
	switch {
	case errors.As(err, &refusal) && refusal.LoginRefused():
		l.accepted, l.refusal, l.refusedAt = time.Time{}, refusal, time.Now()
		onRefused = slices.Collect(maps.Values(l.onRefused))
	case accepts(err) && (l.refusal == nil || a.began.After(l.refusedAt)):
		l.accepted, l.refusal = time.Now(), nil
	case l.first != a:
		return nil
	}
	l.first = nil
	if l.ended != nil {
		close(l.ended)
		l.ended = nil
	}
	return onRefused
}

// accepts reports whether a request that ended so was one of an account that the array knows. An array that asks for fewer
// requests may not have checked the account, and an answer without an ONTAP code may be a gateway's.
func accepts(err error) bool {
	var refusal *ontap.Error
	return err == nil || errors.As(err, &refusal) && refusal.Code != 0 && !Throttles(refusal)
}

// refused returns the array's refusal of the login, unless it has accepted it since, or that was longer ago.
func (l *login) refused(within time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refusal != nil && time.Since(l.refusedAt) < within {
		return l.refusal
	}
	return nil
}

// loginKey stands for an endpoint and the credentials for it.
type loginKey [sha256.Size]byte

func keyOf(cfg ontap.Config) loginKey {
	hash := sha256.New()
	for _, part := range [][]byte{
		[]byte(cfg.Endpoint), []byte(cfg.Credentials.Username), []byte(cfg.Credentials.Password), cfg.Credentials.Certificate, cfg.Credentials.Key,
	} {
		// Without lengths, what ends one part could as well begin the next.
		_ = binary.Write(hash, binary.BigEndian, int64(len(part)))
		_, _ = hash.Write(part)
	}
	return loginKey(hash.Sum(nil))
}

// logins are those of the connected arrays. An array that is connected several times has one for the same credentials.
type logins map[loginKey]*login

// of returns the login for a key. It is kept while an array has joined it.
func (l logins) of(key loginKey) *login {
	if l[key] == nil {
		l[key] = &login{onRefused: map[any]func(){}}
	}
	return l[key]
}

// join has refused called whenever the login is refused.
func (l logins) join(key loginKey, array any, refused func()) {
	login := l.of(key)
	login.mu.Lock()
	defer login.mu.Unlock()
	login.onRefused[array] = refused
}

// leave is the end of join, and of a login that no array has joined.
func (l logins) leave(key loginKey, array any) {
	login := l.of(key)
	login.mu.Lock()
	defer login.mu.Unlock()
	if delete(login.onRefused, array); len(login.onRefused) == 0 {
		delete(l, key)
	}
}
