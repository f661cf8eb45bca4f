package array

import (
	"errors"
	"fmt"
	"slices"
)

// defaultPortalGroup is where initiators log in unless told otherwise.
const defaultPortalGroup = "tpg1"

// ErrNotServing says why nobody can log in.
var ErrNotServing = errors.New("the SVM has no enabled iSCSI service, or is not running")

// Login logs an initiator in.
func (a *Array) Login(name string, session Session) (*SVM, error) {
	if session.Initiator == "" {
		return nil, errors.New("a session needs an initiator")
	}
	return a.Change(name, func(svm *SVM) error {
		if !svm.Serving() {
			return ErrNotServing
		}
		a.number(&session)
		svm.Sessions = append(slices.Clone(svm.Sessions), session)
		return nil
	})
}

// Logout ends the sessions of an initiator; an empty initiator means all.
func (a *Array) Logout(name, initiator string) (*SVM, error) {
	return a.Change(name, func(svm *SVM) error {
		svm.Sessions = slices.DeleteFunc(slices.Clone(svm.Sessions), func(s Session) bool {
			return initiator == "" || s.Initiator == initiator
		})
		return nil
	})
}

// number gives a session the identifiers the target portal chooses.
func (a *Array) number(session *Session) {
	a.nextTSIH++
	session.TSIH = a.nextTSIH
	if session.PortalGroup == "" {
		session.PortalGroup = defaultPortalGroup
	}
	session.ISID = fmt.Sprintf("00:02:3d:%02x:%02x:%02x", session.TSIH>>16&0xff, session.TSIH>>8&0xff, session.TSIH&0xff)
}
