package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

// The SVMs of the samples: one without a service, and one that has one.
const (
	emptySVM    = "team-a-orders"
	existingSVM = "team-a-archive"
)

const servicesPath = "/api/protocols/san/iscsi/services"

// waitTimeout bounds each wait for the operator; it is fine when it takes a second or two.
const waitTimeout = "--timeout=60s"

// rehearse takes the services of the samples through their whole life. What the operator says is not enough: each step
// is checked against the array and what it was asked.
func (d *demo) rehearse(ctx context.Context) error {
	fmt.Println("\nThe life of a service, checked against the array:")
	if err := inOrder(ctx,
		step{"create", d.created},
		step{"adopt", d.adopted},
		step{"change", d.change},
		step{"enable", d.enable},
		step{"delete", d.delete},
		step{"let go", d.letGo},
	); err != nil {
		return err
	}
	fmt.Println("\nAll as it should be.")
	return nil
}

func (d *demo) created(ctx context.Context) (string, error) {
	requests, err := d.writes(ctx, 0)
	if err != nil {
		return "", err
	}
	if got := methods(requests); got != "POST" {
		return "", fmt.Errorf("expected one POST and no other write for all samples, the array got %v", requests)
	}
	if err := d.expectService(ctx, emptySVM, true, "orders"); err != nil {
		return "", err
	}
	target, err := d.kubectl(ctx, "get", "iscsisvc/orders", "-o", "jsonpath={.status.target.name}")
	if err != nil {
		return "", err
	}
	svm, err := d.array.SVM(ctx, emptySVM)
	if err != nil {
		return "", err
	}
	if target == "" || svm.Service.Target != target {
		return "", fmt.Errorf("status.target.name is %q, the array has %q", target, svm.Service.Target)
	}
	return "one POST; target " + target, nil
}

func (d *demo) adopted(ctx context.Context) (string, error) {
	origin, err := d.kubectl(ctx, "get", "iscsisvc/archive", "-o", "jsonpath={.status.origin}")
	if err != nil {
		return "", err
	}
	if origin != "Adopted" {
		return "", fmt.Errorf("status.origin is %q for a service that existed before, expected Adopted", origin)
	}
	return "the service that existed is Adopted, without a write", d.expectService(ctx, existingSVM, true, "archive")
}

func (d *demo) change(ctx context.Context) (string, error) {
	return d.apply(ctx, false, "orders-v2", "alias and enabled in one apply: one PATCH")
}

func (d *demo) enable(ctx context.Context) (string, error) {
	return d.apply(ctx, true, "orders-v2", "enabled again: one PATCH")
}

// apply changes the spec of the service that was created and expects one PATCH.
func (d *demo) apply(ctx context.Context, enabled bool, alias, outcome string) (string, error) {
	mark, err := d.mark(ctx)
	if err != nil {
		return "", err
	}
	spec, err := json.Marshal(map[string]any{"spec": map[string]any{"enabled": enabled, "alias": alias}})
	if err != nil {
		return "", err
	}
	if _, err := d.kubectl(ctx, "patch", "iscsisvc/orders", "--type=merge", "-p", string(spec)); err != nil {
		return "", err
	}
	if _, err := d.kubectl(ctx, "wait", fmt.Sprintf("--for=jsonpath={.status.enabled}=%t", enabled), "iscsisvc/orders", waitTimeout); err != nil {
		return "", err
	}
	if err := d.ready(ctx, "orders"); err != nil {
		return "", err
	}
	requests, err := d.writes(ctx, mark)
	if err != nil {
		return "", err
	}
	if got := methods(requests); got != "PATCH" {
		return "", fmt.Errorf("expected one PATCH, the array got %v", requests)
	}
	return outcome, d.expectService(ctx, emptySVM, enabled, alias)
}

func (d *demo) delete(ctx context.Context) (string, error) {
	svm, err := d.array.SVM(ctx, emptySVM)
	if err != nil {
		return "", err
	}
	mark, err := d.mark(ctx)
	if err != nil {
		return "", err
	}
	if _, err := d.kubectl(ctx, "delete", "iscsisvc/orders", waitTimeout); err != nil {
		return "", err
	}
	requests, err := d.requests(ctx, mark, func(r testbed.Request) bool {
		return strings.HasPrefix(r.Path, servicesPath+"/"+svm.UUID)
	})
	if err != nil {
		return "", err
	}
	if got := methods(requests); got != "GET PATCH DELETE" {
		return "", fmt.Errorf("expected GET, PATCH and DELETE of the service, the array got %v", requests)
	}
	if svm, err = d.array.SVM(ctx, emptySVM); err != nil {
		return "", err
	}
	if svm.Service != nil {
		return "", errors.New("the object is gone, but the array still has the service")
	}
	return "GET, PATCH to disable, DELETE; the service is gone", nil
}

func (d *demo) letGo(ctx context.Context) (string, error) {
	mark, err := d.mark(ctx)
	if err != nil {
		return "", err
	}
	if _, err := d.kubectl(ctx, "delete", "iscsisvc/archive", waitTimeout); err != nil {
		return "", err
	}
	requests, err := d.writes(ctx, mark)
	if err != nil {
		return "", err
	}
	if len(requests) > 0 {
		return "", fmt.Errorf("the policy is Retain, but the array got %v", requests)
	}
	return "the adopted service outlives its object", d.expectService(ctx, existingSVM, true, "archive")
}

// expectService compares the service that the array has with what it should have.
func (d *demo) expectService(ctx context.Context, name string, enabled bool, alias string) error {
	svm, err := d.array.SVM(ctx, name)
	if err != nil {
		return err
	}
	s := svm.Service
	if s == nil || s.Enabled == nil || s.Alias == nil {
		return fmt.Errorf("the array has no iSCSI service on SVM %s", name)
	}
	if *s.Enabled != enabled || *s.Alias != alias {
		return fmt.Errorf("the service of SVM %s has enabled=%t alias=%q, expected enabled=%t alias=%q", name, *s.Enabled, *s.Alias, enabled, alias)
	}
	return nil
}

// mark is the last sequence number of the journal.
func (d *demo) mark(ctx context.Context) (int, error) {
	requests, err := d.array.Journal(ctx, 0)
	if err != nil || len(requests) == 0 {
		return 0, err
	}
	return requests[len(requests)-1].Seq, nil
}

// writes are the requests after a mark that change services, or would.
func (d *demo) writes(ctx context.Context, mark int) ([]testbed.Request, error) {
	return d.requests(ctx, mark, func(r testbed.Request) bool { return r.Method != http.MethodGet })
}

func (d *demo) requests(ctx context.Context, mark int, wanted func(testbed.Request) bool) ([]testbed.Request, error) {
	requests, err := d.array.Journal(ctx, mark)
	return slices.DeleteFunc(requests, func(r testbed.Request) bool { return !wanted(r) }), err
}

func methods(requests []testbed.Request) string {
	names := make([]string, 0, len(requests))
	for _, r := range requests {
		names = append(names, r.Method)
	}
	return strings.Join(names, " ")
}

// ready waits until an ISCSIService, or all of them, are Ready for what their spec says now. If that takes too long, the
// error shows what the conditions say.
func (d *demo) ready(ctx context.Context, which string) error {
	_, err := d.kubectl(ctx, "wait", "--for=condition=Ready", "iscsisvc", which, waitTimeout)
	if err == nil {
		return nil
	}
	table, _ := d.kubectl(ctx, "get", "ontapcluster,iscsisvc")
	return fmt.Errorf("%w\n%s", err, table)
}

func (d *demo) kubectl(ctx context.Context, args ...string) (string, error) {
	return d.controlPlane.Kubectl(ctx, "", append([]string{"-n", testbed.SamplesNamespace}, args...)...)
}
