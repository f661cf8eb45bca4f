package ontap

import (
	"cmp"
	"context"
	"errors"
	"iter"
)

// SVM is a storage VM, as far as an iSCSI service depends on it.
type SVM struct {
	UUID, Name string
	// State is one of starting, running, stopping, stopped, deleting, initializing.
	State string
	ISCSI ProtocolState
	NVMe  ProtocolState
}

// ProtocolState says whether an SVM may serve a protocol, and whether it does.
type ProtocolState struct {
	Allowed, Enabled bool
}

// SVMs iterates over the SVMs that the account may see: GET /svm/svms. A query that selects nothing asks for what an [SVM] holds.
// Any error but a *[RecordError] ends the iteration, and what was yielded until then is no complete list.
func (c *Client) SVMs(ctx context.Context, q Query) iter.Seq2[SVM, error] {
	walk := collection{operation: "list SVMs", path: apiPath("svm", "svms"), query: q.or(Name, UUID, State, "iscsi", "nvme")}
	return list(ctx, c, walk, svmRecord.svm)
}

type svmRecord struct {
	UUID  string         `json:"uuid"`
	Name  string         `json:"name"`
	State string         `json:"state"`
	ISCSI protocolRecord `json:"iscsi"`
	NVMe  protocolRecord `json:"nvme"`
}

type protocolRecord struct {
	Allowed boolean `json:"allowed"`
	Enabled boolean `json:"enabled"`
}

func (r protocolRecord) state() ProtocolState {
	return ProtocolState{Allowed: bool(r.Allowed), Enabled: bool(r.Enabled)}
}

func (r svmRecord) owner() reference { return reference{UUID: r.UUID, Name: r.Name} }

func (r svmRecord) svm() (SVM, error) {
	if r.UUID == "" {
		return SVM{}, errors.New("a record has no uuid")
	}
	if err := cmp.Or(fits("uuid", r.UUID, maxUUID), fits("name", r.Name, maxSVMName)); err != nil {
		return SVM{}, err
	}
	return SVM{UUID: r.UUID, Name: r.Name, State: shorten(r.State, maxStatus), ISCSI: r.ISCSI.state(), NVMe: r.NVMe.state()}, nil
}
