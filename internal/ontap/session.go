package ontap

import (
	"context"
	"fmt"
	"iter"
)

// Session is an initiator's login to an SVM.
type Session struct {
	SVM SVMRef
	// Initiator is the initiator's name (IQN).
	Initiator string
}

const (
	listSessions  = "list iSCSI sessions"
	countSessions = "count iSCSI sessions"
)

var sessionsPath = apiPath("protocols", "san", "iscsi", "sessions")

// Sessions iterates over the iSCSI sessions that the account may see: GET /protocols/san/iscsi/sessions. A query that selects nothing asks
// for what a [Session] holds. Any error but a *[RecordError] ends the iteration, and what was yielded until then is no complete list.
func (c *Client) Sessions(ctx context.Context, q Query) iter.Seq2[Session, error] {
	walk := collection{
		operation: listSessions,
		path:      sessionsPath,
		query:     q.or(SVMUUID, SVMName, InitiatorName),
	}
	return list(ctx, c, walk, sessionRecord.session)
}

// SessionCount returns how many sessions are logged in to an SVM: GET /protocols/san/iscsi/sessions with return_records=false.
func (c *Client) SessionCount(ctx context.Context, svmUUID string) (int, error) {
	if !plainUUID(svmUUID) {
		return 0, invalid(countSessions, "%.40q is not the UUID of an SVM", svmUUID)
	}
	query := Query{}.Where(SVMUUID, Equal(svmUUID))
	return count(ctx, c, collection{operation: countSessions, path: sessionsPath, query: query})
}

type sessionRecord struct {
	SVM       reference `json:"svm"`
	Initiator struct {
		Name string `json:"name"`
	} `json:"initiator"`
}

func (r sessionRecord) owner() reference { return r.SVM }

func (r sessionRecord) session() (Session, error) {
	svm, err := r.SVM.svm("")
	if err != nil {
		return Session{}, fmt.Errorf("session: %w", err)
	}
	return Session{SVM: svm, Initiator: shorten(r.Initiator.Name, maxShown)}, nil
}
