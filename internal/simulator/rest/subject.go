package rest

import (
	"net/url"
	"strings"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/array"
)

// Subject says which SVM a request is about, as far as the request says: by the UUID in its path, else by its body,
// else by its query. It is empty for a request about all.
func (a *API) Subject(request Request) array.SVMRef {
	for _, ref := range []array.SVMRef{pathSubject(request.Path), bodySubject(request.Body), querySubject(request.Query)} {
		if ref != (array.SVMRef{}) {
			return a.complete(ref)
		}
	}
	return array.SVMRef{}
}

// complete adds the name to a UUID, or the UUID to a name.
func (a *API) complete(ref array.SVMRef) array.SVMRef {
	svm := a.array.SVM(ref.UUID)
	if svm == nil {
		svm = a.array.SVMByName(ref.Name)
	}
	if svm != nil {
		return array.SVMRef{Name: svm.Name, UUID: svm.UUID}
	}
	return ref
}

func pathSubject(path string) array.SVMRef {
	for _, collection := range []string{servicesPath, svmsPath} {
		if rest, found := strings.CutPrefix(path, collection+"/"); found {
			uuid, _, _ := strings.Cut(rest, "/")
			return array.SVMRef{UUID: uuid}
		}
	}
	return array.SVMRef{}
}

func bodySubject(body []byte) array.SVMRef {
	d, err := parseBody(body)
	if err != nil {
		return array.SVMRef{}
	}
	name, _ := d["svm.name"].(string)
	uuid, _ := d["svm.uuid"].(string)
	return array.SVMRef{Name: name, UUID: uuid}
}

func querySubject(rawQuery string) array.SVMRef {
	values, err := url.ParseQuery(rawQuery)
	if err != nil {
		return array.SVMRef{}
	}
	ref := array.SVMRef{Name: values.Get("svm.name"), UUID: values.Get("svm.uuid")}
	if ref.Name == "" {
		ref.Name = values.Get("svm")
	}
	return ref
}

// AccountName is the account a request is sent as, whether or not it may log in.
func (a *API) AccountName(request Request) string {
	if account, ok := a.array.LoginWithCertificate(request.CertificateCN); ok {
		return account.Name
	}
	return request.User
}
