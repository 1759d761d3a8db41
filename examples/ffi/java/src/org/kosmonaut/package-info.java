/**
 * Talks with the browsers of an application through a WebRocket broker, over libkosmonaut.
 *
 * <p>An {@link org.kosmonaut.Client} opens channels, triggers events on them and asks for single
 * access tokens. A {@link org.kosmonaut.Worker} receives what browsers send. Whatever is not closed
 * is closed when it is collected; since the collector counts memory and not descriptors, a program
 * that makes many handles closes them.
 */
package org.kosmonaut;
