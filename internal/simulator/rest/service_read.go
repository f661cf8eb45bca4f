package rest

import (
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/array"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/ontaperror"
)

// svmAlias lets "svm" stand for "svm.name" in queries, as NetApp's own clients write it.
var svmAlias = map[string]string{"svm": "svm.name"}

// listServices implements "Retrieve iSCSI services".
func (c *call) listServices() (Response, error) {
	return c.services().answer(c)
}

// services is the collection of the services that the account sees.
func (c *call) services() collection[*serviceRecord] {
	now := c.array.Now()
	svms := c.array.SVMs()
	all := make([]serviceRecord, len(svms)) // one allocation, however many there are
	records := make([]*serviceRecord, 0, len(svms))
	for i, svm := range svms {
		if svm.Service != nil && c.sees(svm) {
			all[i] = serviceRecord{SVM: svm, now: now}
			records = append(records, &all[i])
		}
	}
	return collection[*serviceRecord]{
		schema:   c.serviceSchema(),
		records:  records,
		position: []string{"svm.name", "svm.uuid"},
		aliases:  svmAlias,
	}
}

// getService implements "Retrieve an iSCSI service".
func (c *call) getService() (Response, error) {
	svm, err := c.service(c.path[0])
	if err != nil {
		return Response{}, err
	}
	return instance(c, c.serviceSchema(), c.record(svm))
}

// service returns the SVM whose service a path names.
func (c *call) service(uuid string) (*array.SVM, error) {
	svm, err := c.array.WithService(uuid)
	if svm := c.array.SVM(uuid); !c.sees(svm) {
		return nil, ontaperror.On(ontaperror.SVMDoesNotExist, "svm.uuid")
	}
	return svm, err
}

func (c *call) record(svm *array.SVM) *serviceRecord {
	return &serviceRecord{SVM: svm, now: c.array.Now()}
}
