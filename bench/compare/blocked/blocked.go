// The same plan with a goroutine for each task: blocked tasks rounds sleep_us threads. Prints the seconds that it took,
// then those of cpu time.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// As work_rounds() of bench/support/work.h.
//
//go:noinline
func work(rounds uint64) uint64 {
	value := rounds
	for i := uint64(0); i < rounds; i++ {
		value = value*6364136223846793005 + 1442695040888963407
	}
	return value
}

func run(tasks int, rounds uint64, sleep time.Duration) {
	var left sync.WaitGroup
	left.Add(tasks)
	for i := 0; i < tasks; i++ {
		go func() {
			work(rounds / 2)
			time.Sleep(sleep)
			work(rounds - rounds/2)
			left.Done()
		}()
	}
	left.Wait()
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) * 1e-9
}

func main() {
	var numbers [4]int
	for i := range numbers {
		numbers[i], _ = strconv.Atoi(os.Args[i+1])
	}
	tasks, rounds, sleep := numbers[0], uint64(numbers[1]), time.Duration(numbers[2])*time.Microsecond
	runtime.GOMAXPROCS(numbers[3])
	run(tasks/10, rounds, sleep)
	start, cpuStart := time.Now(), cpuSeconds()
	run(tasks, rounds, sleep)
	fmt.Println(time.Since(start).Seconds(), cpuSeconds()-cpuStart)
}
