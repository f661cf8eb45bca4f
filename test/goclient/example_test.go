package goclient

import (
	"context"
	"fmt"
	"log"
	"os"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	apply "github.com/ontap-operator/ontap-san-operator/api/v1alpha1/applyconfiguration/api/v1alpha1"
)

func Example() {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		log.Fatal(err)
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		log.Fatal(err)
	}
	services := client.Resource(v1alpha1.GroupVersion.WithResource("iscsiservices")).Namespace("team-a")

	// What is not set here is not this program's: others may set it, or the operator goes by what unset means.
	wanted := apply.ISCSIService("orders", "team-a").
		WithSpec(apply.ISCSIServiceSpec().
			WithSVM(apply.SVMSelector().WithName("team-a-orders")).
			WithAlias("orders"))
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(wanted)
	if err != nil {
		log.Fatal(err)
	}
	applied, err := services.Apply(context.Background(), "orders",
		&unstructured.Unstructured{Object: fields}, metav1.ApplyOptions{FieldManager: "orders-portal"})
	if err != nil {
		log.Fatal(err)
	}

	var service v1alpha1.ISCSIService
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(applied.Object, &service); err != nil {
		log.Fatal(err)
	}
	fmt.Println(service.Name, "is to serve", service.Spec.SVM.Name, "as", *service.Spec.Alias)
	// Output: orders is to serve team-a-orders as orders
}
