// Two goroutines on one processor that give way to each other: prints the nanoseconds for each time.
package main

import (
	"fmt"
	"runtime"
	"sync"
	"time"
)

func main() {
	const turns = 1000000
	runtime.GOMAXPROCS(1)
	var both sync.WaitGroup
	both.Add(2)
	start := time.Now()
	for i := 0; i < 2; i++ {
		go func() {
			for turn := 0; turn < turns; turn++ {
				runtime.Gosched()
			}
			both.Done()
		}()
	}
	both.Wait()
	fmt.Println(float64(time.Since(start).Nanoseconds()) / (2 * turns))
}
