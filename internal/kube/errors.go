package kube

import (
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

var (
	// ErrChanged says that the object was changed since the pass read it. What the pass knows now is up to date.
	ErrChanged = errors.New("the object has changed")
	// ErrStale says that the pass began with an old copy of the object. It has to be done again.
	ErrStale = errors.New("the object was an old copy")
	// ErrGone says that the object is not there any more.
	ErrGone = errors.New("the object is gone")
)

// IsTransient reports whether the pass should simply be done again: it had an old copy of the object.
func IsTransient(err error) bool { return errors.Is(err, ErrStale) || errors.Is(err, ErrChanged) }

// writeError turns the two errors that mean "look again" into this package's own.
func writeError(err error) error {
	switch {
	case apierrors.IsConflict(err):
		return ErrStale
	case apierrors.IsNotFound(err):
		return ErrGone
	case err != nil:
		return fmt.Errorf("writing to the API server: %w", err)
	}
	return nil
}
