package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
)

// bareLoop does for each object what the operator must: the GET that proves that there is no service, the metadata patch,
// the POST, the status patch. It decides nothing, watches nothing and keeps nothing. It is the limit, as fast as these
// requests can be made.
type bareLoop struct {
	kubernetes client.Client
	http       *http.Client
	array      *array
}

// newBareLoop logs in to Kubernetes as the operator does, and keeps as many connections to the array as it has workers.
func (w *world) newBareLoop(a *array) (*bareLoop, error) {
	kubernetes, err := connect(w.identity)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(a.ca))
	return &bareLoop{kubernetes: kubernetes, array: a, http: &http.Client{
		Transport: &http.Transport{
			TLSClientConfig:     &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			MaxIdleConnsPerHost: w.atWork,
		},
		Timeout: time.Minute,
	}}, nil
}

// serve makes objects Ready that are accepted while others are still being applied, until accepted is closed.
func (l *bareLoop) serve(ctx context.Context, workers int, accepted <-chan *v1alpha1.ISCSIService) error {
	var mu sync.Mutex
	var errs error
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for service := range accepted {
				if err := l.create(ctx, service); err != nil {
					mu.Lock()
					errs = errors.Join(errs, err)
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	l.http.CloseIdleConnections()
	return errs
}

func (l *bareLoop) create(ctx context.Context, service *v1alpha1.ISCSIService) error {
	if _, err := l.call(ctx, http.MethodGet, "?svm.name="+service.Spec.SVM.Name, nil); err != nil {
		return err
	}
	marked := service.DeepCopy()
	marked.Finalizers = []string{v1alpha1.Finalizer}
	marked.Annotations = map[string]string{
		v1alpha1.CreatingAnnotation:    string(service.UID),
		v1alpha1.CreatingSVMAnnotation: service.Spec.SVM.Name + "//" + string(service.UID), // as long as an array's UUID
	}
	lock := client.MergeFromWithOptimisticLock{}
	if err := l.kubernetes.Patch(ctx, marked, client.MergeFromWithOptions(service, lock)); err != nil {
		return err
	}
	made, err := l.post(ctx, service.Spec.SVM.Name)
	if err != nil {
		return err
	}
	written := marked.DeepCopy()
	written.Status = v1alpha1.ISCSIServiceStatus{
		ObservedGeneration: service.Generation,
		Conditions: []metav1.Condition{{
			Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, ObservedGeneration: service.Generation,
			LastTransitionTime: metav1.Now(), Reason: v1alpha1.ReasonEnabled, Message: "The iSCSI service is enabled.",
		}},
		SVM:       &v1alpha1.SVMStatus{Name: made.SVM.Name, UUID: made.SVM.UUID},
		ArrayUUID: string(service.UID),
		Enabled:   &made.Enabled,
		Target:    &v1alpha1.Target{Name: made.Target.Name, Alias: made.Target.Alias},
		Origin:    v1alpha1.OriginCreated,
		Created:   &v1alpha1.CreatedService{TargetName: made.Target.Name},
	}
	return l.kubernetes.Status().Patch(ctx, written, client.MergeFromWithOptions(marked, lock))
}

// record is an iSCSI service as the array returns it.
type record struct {
	SVM struct {
		Name string `json:"name"`
		UUID string `json:"uuid"`
	} `json:"svm"`
	Enabled bool `json:"enabled"`
	Target  struct {
		Name  string `json:"name"`
		Alias string `json:"alias"`
	} `json:"target"`
}

func (l *bareLoop) post(ctx context.Context, svm string) (record, error) {
	made, err := l.call(ctx, http.MethodPost, "?return_records=true", fmt.Appendf(nil, `{"svm":{"name":%q},"enabled":true}`, svm))
	if err != nil {
		return record{}, err
	}
	if len(made) != 1 {
		return record{}, fmt.Errorf("POST for %s: %d records", svm, len(made))
	}
	return made[0], nil
}

// call makes a request to the collection of services, and returns its records.
func (l *bareLoop) call(ctx context.Context, method, query string, body []byte) ([]record, error) {
	request, err := http.NewRequestWithContext(ctx, method, l.array.url+servicesPath+query, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.SetBasicAuth(arrayUser, arrayPassword)
	response, err := l.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	var page struct {
		Records []record `json:"records"`
	}
	if err := json.Unmarshal(answer, &page); err != nil || page.Records == nil {
		return nil, fmt.Errorf("%s %s: %s: %s", method, query, response.Status, answer)
	}
	return page.Records, nil
}
