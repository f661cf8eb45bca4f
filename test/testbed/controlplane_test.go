package testbed_test

import (
	"context"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

func TestControlPlane(t *testing.T) {
	g := NewWithT(t)
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()

	bed, err := testbed.New()
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { g.Expect(bed.Close()).To(Succeed()) })

	s := time.Now()
	cp, err := bed.StartControlPlane(ctx)
	t.Log("start", time.Since(s))
	g.Expect(err).NotTo(HaveOccurred())
	s = time.Now()
	g.Expect(cp.Install(ctx)).To(Succeed())
	t.Log("install", time.Since(s))

	operator, err := cp.AddOperator()
	g.Expect(err).NotTo(HaveOccurred())
	out, err := operator.Kubectl(ctx, "", "auth", "can-i", "--list", "-n", "ontap-san-system")
	t.Log(out, err)
	out, err = cp.Kubectl(ctx, "", "version")
	t.Log(out, err)
	s = time.Now()
	out, err = cp.Kubectl(ctx, "", "create", "ns", "x")
	t.Log(out, err)
	out, err = cp.Kubectl(ctx, "", "delete", "ns", "x")
	t.Log(out, err, time.Since(s))
	out, err = operator.Kubectl(ctx, "", "create", "ns", "x")
	t.Log(out, err)
	w, err := cp.Writes(testbed.OperatorUser)
	t.Log(w, err)
	s = time.Now()
	g.Expect(bed.Stop()).To(Succeed())
	t.Log("stop", time.Since(s))
}
