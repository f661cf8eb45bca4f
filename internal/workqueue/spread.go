package workqueue

import (
	"hash/fnv"
	"math/rand/v2"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// Later is d or a little more, so that what happened together is not repeated together.
func Later(d time.Duration) time.Duration {
	return d + rand.N(d/10+1)
}

// jitter spreads d by up to a quarter either way.
func jitter(d time.Duration) time.Duration {
	return d*3/4 + rand.N(d/2+1)
}

// Offset is less than d, and the same each time for the same object: it spreads what would be due for many together.
func Offset(uid types.UID, d time.Duration) time.Duration {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(uid))
	return time.Duration(float64(d) * float64(hash.Sum32()) / (1 << 32))
}
