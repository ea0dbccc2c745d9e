// Go code that computes, allocates and is preempted by its own runtime, as a shared library for C.
package main

import "C"

import (
	"runtime"
	"sync/atomic"
)

func hash(rounds int) uint64 {
	value := uint64(1)
	for i := 0; i < rounds; i++ {
		value = value*6364136223846793005 + uint64(i)
	}
	return value
}

// GoHash computes in the calling thread.
//
//export GoHash
func GoHash(rounds C.int) C.ulonglong {
	return C.ulonglong(hash(int(rounds)))
}

// GoHashInGoroutines computes the same in several goroutines with garbage between, and returns the sum.
//
//export GoHashInGoroutines
func GoHashInGoroutines(goroutines, rounds C.int) C.ulonglong {
	sums := make(chan uint64)
	for i := 0; i < int(goroutines); i++ {
		go func() {
			garbage := make([][]byte, 100)
			for j := range garbage {
				garbage[j] = make([]byte, 1000+j)
			}
			sum := hash(int(rounds))
			runtime.KeepAlive(garbage)
			sums <- sum
		}()
	}
	total := uint64(0)
	for i := 0; i < int(goroutines); i++ {
		total += <-sums
	}
	return C.ulonglong(total)
}

// GoStopsALoop is 1 when a goroutine that loops without a call lets the garbage collector stop it, which takes Go's
// own asynchronous preemption by SIGURG.
//
//export GoStopsALoop
func GoStopsALoop() C.int {
	var stop, spins int32
	done := make(chan bool)
	go func() {
		for i := uint64(0); atomic.LoadInt32(&stop) == 0; i++ {
			atomic.StoreInt32(&spins, 1)
		}
		done <- true
	}()
	for atomic.LoadInt32(&spins) == 0 {
		runtime.Gosched()
	}
	runtime.GC()
	atomic.StoreInt32(&stop, 1)
	<-done
	return 1
}

func main() {}
