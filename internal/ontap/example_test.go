package ontap_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// The services of all SVMs whose names begin with "prod", a thousand at a time, with their latest sample.
func ExampleClient_Services() {
	list := func(ctx context.Context, client *ontap.Client) error {
		query := ontap.Query{}.
			Where(ontap.SVMName, ontap.Like("prod*")).
			Select(ontap.AllFields, ontap.MetricFields).
			OrderBy(ontap.SVMName, ontap.Ascending).
			Page(1000)
		for service, err := range client.Services(ctx, query) {
			if err != nil {
				return err // what was seen so far is not all there is
			}
			fmt.Println(service.SVM.Name, service.Enabled, service.Target.Name)
		}
		return nil
	}
	_ = list
}

// Three kinds of failure call for three reactions.
func ExampleClient_CreateService() {
	create := func(ctx context.Context, client *ontap.Client) {
		service, err := client.CreateService(ctx, ontap.ServiceCreate{SVM: ontap.SVMRef{Name: "svm1"}})
		switch {
		case err == nil:
			fmt.Println("created", service.Target.Name)
		case errors.Is(err, ontap.CodeServiceExists):
			fmt.Println("another client was faster")
		case ontap.MaybeApplied(err):
			fmt.Println("look before trying again:", err)
		default:
			fmt.Println("not created:", err)
		}
	}
	_ = create
}
