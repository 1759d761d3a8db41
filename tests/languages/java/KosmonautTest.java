package org.kosmonaut;

import static org.kosmonaut.Stage.stage;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The package beside a real broker: runs the tests of all classes. */
public final class KosmonautTest {
    private KosmonautTest() {}

    private static void run(Method test) throws IllegalAccessException {
        Throwable problem = null;
        try {
            test.invoke(null);
        } catch (InvocationTargetException failed) {
            problem = failed.getCause();
        }
        try {
            stage("workers 0"); // however it has ended: the next test counts them
        } catch (AssertionError left) {
            problem = problem == null ? left : problem;
        }
        if (problem != null) {
            problem.printStackTrace();
        }
        System.out.println((problem == null ? "ok " : "FAIL ") + test.getName());
    }

    /** Runs all tests, or those whose names hold one of the arguments. */
    public static void main(String[] arguments) throws IllegalAccessException {
        Map<String, Method> tests = new java.util.TreeMap<>();
        for (Class<?> group : List.of(ClientTest.class, WorkerTest.class, MemoryTest.class)) {
            for (Method method : group.getDeclaredMethods()) {
                if (method.getName().startsWith("test") && Modifier.isStatic(method.getModifiers())
                        && !method.isSynthetic()) {
                    tests.put(method.getName(), method);
                }
            }
        }
        for (Method test : tests.values()) {
            if (arguments.length == 0
                    || Stream.of(arguments).anyMatch(test.getName()::contains)) {
                run(test);
            }
        }
        System.exit(0);
    }
}
