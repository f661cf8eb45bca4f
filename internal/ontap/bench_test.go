package ontap

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkDecodePage reads what one poll of an array with 1,000 services brings, metrics and statistics included.
func BenchmarkDecodePage(b *testing.B) {
	const record = `{"svm": {"uuid": "00000000-0000-0000-0000-%012d", "name": "svm%d"}, "enabled": true,
		"target": {"name": "iqn.1992-08.com.netapp:sn.19d04b8e94d711e88370005056b48fd2:vs.%d", "alias": "svm%d"},
		"metric": {"duration": "PT15S", "status": "ok", "timestamp": "2024-07-29T16:14:56Z",
			"iops": {"read": 200, "total": 1000, "write": 100, "other": 700}, "latency": {"read": 200, "total": 1000, "write": 100, "other": 700},
			"throughput": {"read": 200, "total": 1000, "write": 100}},
		"statistics": {"status": "ok", "timestamp": "2024-07-29T16:14:56Z",
			"iops_raw": {"read": 200, "total": 1000, "write": 100, "other": 700}, "latency_raw": {"read": 200, "total": 1000, "write": 100, "other": 700},
			"throughput_raw": {"read": 200, "total": 1000, "write": 100}}}`
	records := make([]string, 1000)
	for i := range records {
		records[i] = fmt.Sprintf(record, i, i, i, i)
	}
	body := []byte(`{"num_records": 1000, "records": [` + strings.Join(records, ",") + `]}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		var p page[serviceRecord]
		if err := decode(body, &p); err != nil {
			b.Fatal(err)
		}
		if err := p.complete(); err != nil {
			b.Fatal(err)
		}
		for _, r := range p.Records {
			if _, _, err := convert(r, func(r serviceRecord) (Service, error) { return r.service("", true) }); err != nil {
				b.Fatal(err)
			}
		}
	}
}
